package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/gorilla/websocket"
)

// Prefixes of Engine.IO 4 and Socket.IO before a packet's JSON.
const (
	eioOpen, eioPing, eioPong = "0", "2", "3"
	sioConnect, sioEvent      = "40", "42"
)

var errOther = errors.New("unexpected packet")

// A socket is one Socket.IO client over a WebSocket. The server acknowledges a send by sending the message back.
type socket struct {
	conn    *websocket.Conn
	writing sync.Mutex

	sender  Sender
	waiting sync.Map // message number → chan struct{}
}

// Messages of bench/peers/seed.
type outgoing struct {
	ReceiverID string `json:"receiverId,omitempty"`
	Room       string `json:"room,omitempty"`
	Content    string `json:"content"`
}

type incoming struct {
	SenderID string `json:"sender_id"`
	Content  string `json:"content"`
}

func connectSocketIO(address string) (Connection, error) {
	where := url.URL{Scheme: "ws", Host: address, Path: "/socket.io/", RawQuery: "EIO=4&transport=websocket"}
	conn, _, err := websocket.DefaultDialer.Dial(where.String(), nil)
	return &socket{conn: conn}, err
}

func (s *socket) Listen(ctx context.Context, token string, deliver func(text string)) error {
	return s.join(ctx, token, func(message incoming) { deliver(message.Content) })
}

func (s *socket) Speak(ctx context.Context, sender Sender) (Voice, error) {
	s.sender = sender
	return s, s.join(ctx, sender.Token, func(message incoming) {
		if answer, found := s.waiting.LoadAndDelete(numberOf(message.Content)); found {
			close(answer.(chan struct{}))
		}
	})
}

func (s *socket) Send(ctx context.Context, text string) error {
	packet, err := json.Marshal([]any{"sendMessage", outgoing{s.sender.UserID, s.sender.ChatID, text}})
	if err != nil {
		return err
	}
	answer := make(chan struct{})
	s.waiting.Store(numberOf(text), answer)
	if err := s.write(sioEvent + string(packet)); err != nil {
		return err
	}
	select {
	case <-answer:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join opens the namespace as one user and receives messages from then on.
func (s *socket) join(ctx context.Context, token string, hear func(message incoming)) error {
	auth, err := json.Marshal(map[string]string{"token": token})
	if err != nil {
		return err
	}
	if err := s.expect(eioOpen); err != nil {
		return err
	}
	if err := s.write(sioConnect + string(auth)); err != nil {
		return err
	}
	if err := s.expect(sioConnect); err != nil {
		return err
	}
	// The server's last step for a new user; before it the user cannot be reached.
	for err := s.expect(sioEvent + `["onlineUsersList"`); err != nil; err = s.expect(sioEvent + `["onlineUsersList"`) {
		if !errors.Is(err, errOther) {
			return err
		}
	}
	context.AfterFunc(ctx, func() { s.conn.Close() })
	go s.hear(hear)
	return nil
}

func (s *socket) hear(hear func(message incoming)) {
	for {
		_, data, err := s.conn.ReadMessage()
		if err != nil {
			return // undelivered messages count as lost
		}
		packet := string(data)
		if packet == eioPing {
			if s.write(eioPong) != nil {
				return
			}
		}
		if !strings.HasPrefix(packet, sioEvent+`["receiveMessage"`) {
			continue
		}
		var name string
		var message incoming
		if json.Unmarshal(data[len(sioEvent):], &[]any{&name, &message}) == nil {
			hear(message)
		}
	}
}

// expect reads one packet. It returns errOther for another kind.
func (s *socket) expect(kind string) error {
	_, data, err := s.conn.ReadMessage()
	if err == nil && !strings.HasPrefix(string(data), kind) {
		err = fmt.Errorf("%w: got %q, expected %s", errOther, data, kind)
	}
	return err
}

func (s *socket) write(packet string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.conn.WriteMessage(websocket.TextMessage, []byte(packet))
}
