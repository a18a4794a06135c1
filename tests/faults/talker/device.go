package main

import (
	"context"
	"fmt"
	"math/rand"
	"sync"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	messaging "chatly.example/gen/go/chatly/messaging/v1"
)

const pageSize = 200

// A Device subscribes, is online, and sends at a steady rate until asked to be quiet.
type Device struct {
	plan      DevicePlan
	link      *Link
	recording *Recording
	dice      *rand.Rand
	number    int

	// Used only by the subscription.
	cursor string
	events map[string]bool
	known  map[string]bool
}

func newDevice(plan DevicePlan, link *Link, recording *Recording) *Device {
	return &Device{
		plan: plan, link: link, recording: recording, dice: rand.New(rand.NewSource(plan.Seed)),
		events: map[string]bool{}, known: map[string]bool{},
	}
}

func (d *Device) live(ctx context.Context, quiet <-chan struct{}) {
	var all sync.WaitGroup
	for _, part := range []func(){
		func() { d.link.streaming(ctx, d.listen, d.broken) },
		func() { d.link.beOnline(ctx, d.plan.Name) },
		func() { d.speak(ctx, quiet) },
	} {
		all.Add(1)
		go func() { defer all.Done(); part() }()
	}
	all.Wait()
}

func (d *Device) write(entry Entry) {
	entry.Device, entry.User = d.plan.Name, d.plan.User
	d.recording.Write(entry)
}

func (d *Device) broken(err error) {
	d.write(Entry{Kind: "cut"})
	if !retryable(err) {
		d.write(Entry{Kind: "refused", Text: err.Error()})
	}
}

func (d *Device) speak(ctx context.Context, quiet <-chan struct{}) {
	every := time.Duration(d.plan.EverySeconds * float64(time.Second))
	due := time.Now().Add(time.Duration(d.dice.Float64() * float64(every)))
	for {
		select {
		case <-quiet:
			d.write(Entry{Kind: "quiet"})
			return
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		due = time.Now().Add(every)
		if err := d.send(ctx, d.plan.Chats[d.dice.Intn(len(d.plan.Chats))]); err != nil && ctx.Err() == nil {
			d.write(Entry{Kind: "refused", Text: err.Error()})
		}
	}
}

func (d *Device) send(ctx context.Context, chat string) error {
	d.number++
	name, err := uuid.NewV7FromReader(d.dice)
	if err != nil {
		return err
	}
	request := &messaging.SendMessageRequest{
		ChatId: chat, ClientMessageId: name.String(), Text: fmt.Sprintf("%s %d", d.plan.Name, d.number),
	}
	d.write(Entry{Kind: "sending", Chat: chat, Send: name.String()})
	answer, err := call(ctx, d.link, func(ctx context.Context, client messaging.MessagingServiceClient) (*messaging.SendMessageResponse, error) {
		return client.SendMessage(ctx, request)
	})
	if err != nil {
		return err
	}
	d.write(Entry{Kind: "sent", Chat: chat, Send: name.String(), Message: answer.Message.MessageId})
	return nil
}

// listen reads one stream to its end.
func (d *Device) listen(ctx context.Context, conn *grpc.ClientConn) error {
	request := &messaging.SubscribeRequest{Cursor: d.cursor}
	stream, err := messaging.NewMessagingServiceClient(conn).Subscribe(ctx, request)
	if err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		for _, event := range response.Events {
			if err := d.take(ctx, event); err != nil {
				return err
			}
		}
		// Stored after its events: the cursor means that they were handled.
		if response.Cursor != "" {
			d.cursor = response.Cursor
		}
	}
}

func (d *Device) take(ctx context.Context, event *messaging.LiveEvent) error {
	switch {
	case event.EventId != "":
		if !d.events[event.EventId] {
			d.events[event.EventId] = true
			d.lasting(event)
		}
	case event.GetCaughtUp() != nil:
		d.write(Entry{Kind: "live"})
	case event.GetResync() != nil:
		d.write(Entry{Kind: "resync"})
		for _, chat := range d.plan.Chats {
			if err := d.page(ctx, chat); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Device) lasting(event *messaging.LiveEvent) {
	entry := Entry{Chat: event.ChatId}
	switch {
	case event.GetMessageCreated() != nil:
		d.hear(event.GetMessageCreated())
		return
	case event.GetMessageDeleted().GetWithdrawn():
		entry.Kind, entry.Message = "withdrawn", event.GetMessageDeleted().MessageId
	case event.GetMessageDeleted().GetForEveryone():
		entry.Kind, entry.Message = "gone", event.GetMessageDeleted().MessageId
	case event.GetReactionChanged() != nil:
		change := event.GetReactionChanged()
		entry.Kind, entry.Message, entry.Sender = "reaction", change.MessageId, change.UserId
		entry.Emoji, entry.Present, entry.Event = change.Emoji, change.Present, event.EventId
	case event.GetMessageEdited() != nil:
		edit := event.GetMessageEdited()
		entry.Kind, entry.Message, entry.Text, entry.Event = "edit", edit.MessageId, edit.Text, event.EventId
	default:
		return
	}
	d.write(entry)
}

func (d *Device) hear(message *messaging.Message) {
	d.known[message.MessageId] = true
	d.write(Entry{
		Kind: "heard", Chat: message.ChatId, Message: message.MessageId, Send: message.ClientMessageId,
		Sender: message.SenderId, Present: !message.DeletedForEveryone,
	})
}

// page reads messages of a chat that the device does not have.
func (d *Device) page(ctx context.Context, chat string) error {
	request := &messaging.ListMessagesRequest{
		ChatId: chat, PageSize: pageSize, Direction: messaging.ListDirection_LIST_DIRECTION_FORWARD,
	}
	for {
		page, err := call(ctx, d.link, func(ctx context.Context, client messaging.MessagingServiceClient) (*messaging.ListMessagesResponse, error) {
			return client.ListMessages(ctx, request)
		})
		if err != nil {
			return err
		}
		for _, message := range page.Messages {
			if !d.known[message.MessageId] {
				d.hear(message)
			}
		}
		if request.PageToken = page.NextPageToken; request.PageToken == "" {
			return nil
		}
	}
}
