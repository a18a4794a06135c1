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
	remembered = 10_000 // as many events as one replay may have: an older one cannot be repeated
	waiting    = 1_000  // a slower reader pauses the stream
	waitTime   = time.Minute
)

// An Inbox is a subscription that resumes from its cursor whenever it is cut. It returns each stored event once.
type Inbox struct {
	edge   string
	client *Client
	events chan *messaging.LiveEvent
	failed chan error

	// Used only by the running subscription.
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

// Connect subscribes: from now on the first time, from the cursor later. caught_up arrives when nothing is missing.
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

// Disconnect closes the connection.
func (i *Inbox) Disconnect() { i.disconnect() }

// Next returns the next event, or the error that ended the subscription.
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

// Until returns the next events, up to and including the first that matches.
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

// staySubscribed resubscribes until the context ends. It returns only errors that a retry cannot fix.
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

// subscribe reads one stream to its end, on its own connection.
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
		// Store the cursor last: it covers all events before it.
		if response.Cursor != "" {
			i.cursor = response.Cursor
		}
	}
}

// take delivers an event unless it is a repeat. It returns false if the context ended.
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
