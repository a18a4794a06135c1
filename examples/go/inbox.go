package main

import (
	"container/list"
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	messaging "chatly.example/gen/go/chatly/messaging/v1"
)

const (
	remembered = 10_000 // as many events as one replay may hold: an older one cannot come again
	waiting    = 1_000  // a reader that falls further behind holds the stream back
	waitTime   = time.Minute
)

// An Inbox is a subscription that comes back after every cut, at its cursor. It gives each lasting event once.
type Inbox struct {
	edge   string
	client *Client
	events chan *messaging.LiveEvent
	failed chan error

	// Touched only by the running subscription.
	cursor string
	seen   map[string]bool
	order  *list.List

	disconnect func()
}

func newInbox(edge string, client *Client) *Inbox {
	return &Inbox{
		edge:       edge,
		client:     client,
		events:     make(chan *messaging.LiveEvent, waiting),
		failed:     make(chan error, 1),
		seen:       map[string]bool{},
		order:      list.New(),
		disconnect: func() {},
	}
}

// Connect subscribes: the first time from now on, later from the cursor. caught_up comes when nothing is missing.
func (i *Inbox) Connect(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	i.disconnect = func() { cancel(); <-ended }
	go func() {
		defer close(ended)
		if err := i.staySubscribed(ctx); ctx.Err() == nil {
			i.failed <- err
		}
	}()
}

// Disconnect drops the connection.
func (i *Inbox) Disconnect() { i.disconnect() }

// Next returns the next event, or why there cannot be a subscription.
func (i *Inbox) Next() (*messaging.LiveEvent, error) {
	select {
	case event := <-i.events:
		return event, nil
	case err := <-i.failed:
		return nil, err
	case <-time.After(waitTime):
		return nil, errors.New("no event came in time")
	}
}

// Until returns the next events, up to and with the first that is wanted.
func (i *Inbox) Until(wanted func(*messaging.LiveEvent) bool) ([]*messaging.LiveEvent, error) {
	var events []*messaging.LiveEvent
	for {
		event, err := i.Next()
		if err != nil {
			return events, err
		}
		if events = append(events, event); wanted(event) {
			return events, nil
		}
	}
}

// staySubscribed subscribes again and again; it returns only what trying again cannot mend.
func (i *Inbox) staySubscribed(ctx context.Context) error {
	delay := firstDelay
	for {
		cursor, token := i.cursor, i.client.accessToken()
		err := i.subscribe(ctx, token)
		switch status.Code(err) {
		case codes.InvalidArgument, codes.PermissionDenied, codes.Unimplemented:
			return err
		case codes.Unauthenticated:
			if err := i.client.refresh(ctx, token); status.Code(err) == codes.Unauthenticated {
				return err
			}
		}
		if delay = min(delay*2, 5*time.Second); i.cursor != cursor {
			delay = firstDelay
		}
		if !sleep(ctx, delay) {
			return ctx.Err()
		}
	}
}

// subscribe reads one stream, on a connection of its own, to its end.
func (i *Inbox) subscribe(ctx context.Context, token string) error {
	conn, err := connect(i.edge)
	if err != nil {
		return err
	}
	defer conn.Close()
	request := &messaging.SubscribeRequest{Cursor: i.cursor}
	stream, err := messaging.NewMessagingServiceClient(conn).Subscribe(as(ctx, token), request)
	if err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		for _, event := range response.Events {
			if !i.take(ctx, event) {
				return ctx.Err()
			}
		}
		// Only now: a cursor stands for everything that came before it.
		if response.Cursor != "" {
			i.cursor = response.Cursor
		}
	}
}

// take hands an event on, unless it came before; it returns false when the context ended.
func (i *Inbox) take(ctx context.Context, event *messaging.LiveEvent) bool {
	if pause := event.GetReconnect(); pause != nil {
		return sleep(ctx, time.Duration(pause.DelayMs)*time.Millisecond)
	}
	if i.seen[event.EventId] {
		return true
	}
	select {
	case i.events <- event:
	case <-ctx.Done():
		return false
	}
	if event.EventId != "" {
		i.remember(event.EventId)
	}
	return true
}

func (i *Inbox) remember(eventID string) {
	i.seen[eventID] = true
	i.order.PushBack(eventID)
	if i.order.Len() > remembered {
		delete(i.seen, i.order.Remove(i.order.Front()).(string))
	}
}

func sleep(ctx context.Context, delay time.Duration) bool {
	select {
	case <-time.After(delay):
		return true
	case <-ctx.Done():
		return false
	}
}
