// Centrifuge is a baseline: the Centrifuge library in memory, over WebSocket with protobuf. It prints its port. A token
// is a user's id, and every connection is in the one group.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"

	"github.com/centrifugal/centrifuge"
)

const everybody = "everybody"

// A send of bench/load. Without a user it goes to all users.
type send struct {
	User string `json:"user"`
	Text string `json:"text"`
}

func main() {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		log.Fatal(err)
	}
	node.OnConnecting(func(_ context.Context, event centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials: &centrifuge.Credentials{UserID: event.Token},
			Subscriptions: map[string]centrifuge.SubscribeOptions{
				channelOf(event.Token): {},
				everybody:              {},
			},
		}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnRPC(func(event centrifuge.RPCEvent, answer centrifuge.RPCCallback) {
			answer(centrifuge.RPCReply{}, publish(node, event.Data))
		})
	})
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	serve(node)
}

func publish(node *centrifuge.Node, data []byte) error {
	var message send
	if err := json.Unmarshal(data, &message); err != nil {
		return centrifuge.ErrorBadRequest
	}
	channel := everybody
	if message.User != "" {
		channel = channelOf(message.User)
	}
	_, err := node.Publish(channel, []byte(message.Text))
	return err
}

func channelOf(user string) string { return "user:" + user }

func serve(node *centrifuge.Node) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	routes := http.NewServeMux()
	routes.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	server := &http.Server{Handler: routes}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	_ = server.Serve(listener)
}
