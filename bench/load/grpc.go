package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	messaging "chatly.example/gen/go/chatly/messaging/v1"
)

// A grpcConnection speaks Chatly's own protocol: one call per send, and a stream to receive.
type grpcConnection struct {
	client messaging.MessagingServiceClient
}

func connectGRPC(address string) (Connection, error) {
	client, err := dial(address)
	return &grpcConnection{client}, err
}

func dial(address string) (messaging.MessagingServiceClient, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return messaging.NewMessagingServiceClient(conn), nil
}

func as(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

func (c *grpcConnection) Listen(ctx context.Context, token string, deliver func(text string)) error {
	stream, err := c.client.Subscribe(as(ctx, token), &messaging.SubscribeRequest{})
	if err != nil {
		return err
	}
	response, err := stream.Recv()
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if err := mustBeLive(response); err != nil {
		return err
	}
	go func() {
		for {
			response, err := stream.Recv()
			if err != nil {
				return // undelivered messages count as lost
			}
			deliverAll(response, deliver)
		}
	}()
	return nil
}

func mustBeLive(response *messaging.SubscribeResponse) error {
	if len(response.Events) == 0 || response.Events[0].GetCaughtUp() == nil {
		return fmt.Errorf("subscribe: expected caught_up first, got %v", response)
	}
	return nil
}

func deliverAll(response *messaging.SubscribeResponse, deliver func(text string)) {
	for _, event := range response.Events {
		if message := event.GetMessageCreated(); message != nil {
			deliver(message.Text)
		}
	}
}

func (c *grpcConnection) Speak(_ context.Context, sender Sender) (Voice, error) {
	return &grpcVoice{c.client, sender}, nil
}

type grpcVoice struct {
	client messaging.MessagingServiceClient
	sender Sender
}

func (v *grpcVoice) Send(ctx context.Context, text string) error {
	_, err := v.client.SendMessage(as(ctx, v.sender.Token), requestOf(v.sender, text))
	return err
}

func requestOf(sender Sender, text string) *messaging.SendMessageRequest {
	return &messaging.SendMessageRequest{
		UserId:          sender.UserID,
		ChatId:          sender.ChatID,
		ClientMessageId: uuid.Must(uuid.NewV7()).String(),
		Text:            text,
	}
}

// A sendStream sends everything on one stream, whose acknowledgements come in the order of the sends.
type sendStream struct {
	grpcConnection
}

func connectSendStream(address string) (Connection, error) {
	client, err := dial(address)
	return &sendStream{grpcConnection{client}}, err
}

func (c *sendStream) Speak(ctx context.Context, sender Sender) (Voice, error) {
	stream, err := c.client.SendMessages(as(ctx, sender.Token))
	if err != nil {
		return nil, err
	}
	voice := &streamVoice{stream: stream, sender: sender, waiting: make(chan chan error, 256)}
	go voice.hear()
	return voice, nil
}

type streamVoice struct {
	stream  messaging.MessagingService_SendMessagesClient
	sender  Sender
	sending sync.Mutex
	waiting chan chan error // in the order of the sends
}

func (v *streamVoice) Send(_ context.Context, text string) error {
	answer := make(chan error, 1)
	v.sending.Lock()
	v.waiting <- answer
	err := v.stream.Send(&messaging.SendMessagesRequest{Send: requestOf(v.sender, text)})
	v.sending.Unlock()
	if err != nil {
		return err
	}
	return <-answer
}

func (v *streamVoice) hear() {
	for answer := range v.waiting {
		response, err := v.stream.Recv()
		if err == nil && response.GetMessage() == nil {
			err = fmt.Errorf("refused: %v", response)
		}
		answer <- err
	}
}
