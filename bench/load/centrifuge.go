package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/centrifugal/centrifuge-go"
)

// A centrifugeConnection is a client of bench/peers/centrifuge. The server subscribes it to the messages of its user.
type centrifugeConnection struct {
	address string
}

func connectCentrifuge(address string) (Connection, error) {
	return &centrifugeConnection{address}, nil
}

func (c *centrifugeConnection) Listen(ctx context.Context, token string, deliver func(text string)) error {
	client := c.client(token)
	client.OnPublication(func(event centrifuge.ServerPublicationEvent) { deliver(string(event.Data)) })
	return open(ctx, client)
}

func (c *centrifugeConnection) Speak(ctx context.Context, sender Sender) (Voice, error) {
	client := c.client(sender.Token)
	return &centrifugeVoice{client, sender}, open(ctx, client)
}

func (c *centrifugeConnection) client(token string) *centrifuge.Client {
	return centrifuge.NewProtobufClient("ws://"+c.address+"/connection/websocket?format=protobuf", centrifuge.Config{Token: token})
}

// open returns once the client is connected. The client closes with the context.
func open(ctx context.Context, client *centrifuge.Client) error {
	connected := make(chan error, 1)
	client.OnConnected(func(centrifuge.ConnectedEvent) { offer(connected, nil) })
	client.OnDisconnected(func(event centrifuge.DisconnectedEvent) {
		offer(connected, fmt.Errorf("disconnected: %s", event.Reason))
	})
	client.OnError(func(event centrifuge.ErrorEvent) { offer(connected, event.Error) })
	if err := client.Connect(); err != nil {
		return err
	}
	context.AfterFunc(ctx, client.Close)
	return <-connected
}

func offer(results chan<- error, result error) {
	select {
	case results <- result:
	default: // only the first counts
	}
}

type centrifugeVoice struct {
	client *centrifuge.Client
	sender Sender
}

// Send asks the server to publish to one user, or to all.
func (v *centrifugeVoice) Send(ctx context.Context, text string) error {
	request, err := json.Marshal(map[string]string{"user": v.sender.UserID, "text": text})
	if err != nil {
		return err
	}
	_, err = v.client.RPC(ctx, "send", request)
	return err
}
