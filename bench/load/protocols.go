package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Number of connections opened at the same time.
const opening = 32

// A Connection connects one user to a server.
type Connection interface {
	// Listen returns once it receives every message sent from then on. It ends with the context.
	Listen(ctx context.Context, token string, deliver func(text string)) error
	// Speak prepares for sending.
	Speak(ctx context.Context, sender Sender) (Voice, error)
}

// A Voice sends as one user.
type Voice interface {
	// Send returns once the server has confirmed the message.
	Send(ctx context.Context, text string) error
}

// Connections by the name of their protocol.
var protocols = map[string]func(address string) (Connection, error){
	"grpc":        connectGRPC,
	"grpc-stream": connectSendStream,
	"grpc-web":    connectWeb,
	"socket.io":   connectSocketIO,
	"centrifuge":  connectCentrifuge,
}

func connect(protocol, address string) (Connection, error) {
	open, known := protocols[protocol]
	if !known {
		return nil, fmt.Errorf("unknown protocol: %q", protocol)
	}
	return open(address)
}

// listenAll opens a stream for each receiver on its own connection, and records deliveries in the ledger.
func listenAll(ctx context.Context, plan *Plan, ledger *Ledger) error {
	var group errgroup.Group
	group.SetLimit(opening)
	for _, token := range plan.Receivers {
		group.Go(func() error {
			connection, err := connect(plan.Protocol, plan.Address)
			if err != nil {
				return err
			}
			return connection.Listen(ctx, token, ledger.Delivered)
		})
	}
	return group.Wait()
}

// voices opens a connection for each sender.
func voices(ctx context.Context, plan *Plan) ([]Voice, error) {
	address := plan.SendAddress
	if address == "" {
		address = plan.Address
	}
	all := make([]Voice, len(plan.Senders))
	var group errgroup.Group
	group.SetLimit(opening)
	for i, sender := range plan.Senders {
		group.Go(func() error {
			connection, err := connect(plan.Protocol, address)
			if err != nil {
				return err
			}
			all[i], err = connection.Speak(ctx, sender)
			return err
		})
	}
	return all, group.Wait()
}
