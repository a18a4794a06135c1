package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	messaging "chatly.example/gen/go/chatly/messaging/v1"
)

// As many streams are opened at the same time.
const opening = 32

func connect(address string) (messaging.MessagingServiceClient, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return messaging.NewMessagingServiceClient(conn), nil
}

func as(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// listenAll opens a stream for each receiver, each on a connection of its own; what comes is noted in the ledger.
func listenAll(ctx context.Context, plan *Plan, ledger *Ledger) error {
	var group errgroup.Group
	group.SetLimit(opening)
	for _, token := range plan.Receivers {
		group.Go(func() error {
			client, err := connect(plan.Address)
			if err != nil {
				return err
			}
			return listen(ctx, client, token, ledger.Delivered)
		})
	}
	return group.Wait()
}

// listen subscribes, and returns once the server says that the stream is live. It ends with the context.
func listen(ctx context.Context, client messaging.MessagingServiceClient, token string, deliver func(text string)) error {
	stream, err := client.Subscribe(as(ctx, token), &messaging.SubscribeRequest{})
	if err != nil {
		return err
	}
	response, err := stream.Recv()
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if response.Events[0].GetCaughtUp() == nil {
		return fmt.Errorf("subscribe: caught_up was to come first, not %v", response)
	}
	go func() {
		for {
			response, err := stream.Recv()
			if err != nil {
				return // what it did not deliver counts as lost
			}
			for _, event := range response.Events {
				if message := event.GetMessageCreated(); message != nil {
					deliver(message.Text)
				}
			}
		}
	}()
	return nil
}

// A Voice sends as one sender.
type Voice struct {
	client messaging.MessagingServiceClient
	Sender
}

func voices(plan *Plan) ([]Voice, error) {
	all := make([]Voice, len(plan.Senders))
	for i, sender := range plan.Senders {
		client, err := connect(plan.Address)
		if err != nil {
			return nil, err
		}
		all[i] = Voice{client, sender}
	}
	return all, nil
}

// Send sends one message and notes the answer; an error leaves it unanswered.
func (v *Voice) Send(ctx context.Context, number int, ledger *Ledger) error {
	_, err := v.client.SendMessage(as(ctx, v.Token), &messaging.SendMessageRequest{
		UserId:          v.UserID,
		ChatId:          v.ChatID,
		ClientMessageId: uuid.NewString(),
		Text:            textOf(number),
	})
	if err != nil {
		return err
	}
	ledger.Answered(number)
	return nil
}
