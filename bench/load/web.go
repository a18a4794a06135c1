package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"google.golang.org/protobuf/proto"

	messaging "chatly.example/gen/go/chatly/messaging/v1"
)

const (
	service      = "/chatly.messaging.v1.MessagingService/"
	framePrefix  = 5
	trailerFrame = 0x80
)

// A webConnection speaks gRPC-web like a browser: binary frames in the bodies of POSTs over one HTTP/2 connection.
type webConnection struct {
	client *http.Client
	url    string
}

func connectWeb(address string) (Connection, error) {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &webConnection{&http.Client{Transport: &http.Transport{Protocols: protocols}}, "http://" + address + service}, nil
}

func (c *webConnection) Listen(ctx context.Context, token string, deliver func(text string)) error {
	body, err := c.post(ctx, token, "Subscribe", &messaging.SubscribeRequest{})
	if err != nil {
		return err
	}
	response := new(messaging.SubscribeResponse)
	if err := readFrame(body, response); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if err := mustBeLive(response); err != nil {
		return err
	}
	go func() {
		defer body.Close()
		for {
			response := new(messaging.SubscribeResponse)
			if err := readFrame(body, response); err != nil {
				return // undelivered messages count as lost
			}
			deliverAll(response, deliver)
		}
	}()
	return nil
}

func (c *webConnection) Speak(_ context.Context, sender Sender) (Voice, error) {
	return &webVoice{c, sender}, nil
}

type webVoice struct {
	connection *webConnection
	sender     Sender
}

func (v *webVoice) Send(ctx context.Context, text string) error {
	body, err := v.connection.post(ctx, v.sender.Token, "SendMessage", requestOf(v.sender, text))
	if err != nil {
		return err
	}
	defer body.Close()
	if err := readFrame(body, new(messaging.SendMessageResponse)); err != nil {
		return err
	}
	if err := readFrame(body, nil); !errors.Is(err, io.EOF) {
		return fmt.Errorf("send: expected trailers: %w", err)
	}
	return nil
}

func (c *webConnection) post(ctx context.Context, token, method string, message proto.Message) (io.ReadCloser, error) {
	data, err := proto.Marshal(message)
	if err != nil {
		return nil, err
	}
	frame := append(make([]byte, framePrefix, framePrefix+len(data)), data...)
	binary.BigEndian.PutUint32(frame[1:], uint32(len(data)))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+method, bytes.NewReader(frame))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/grpc-web+proto")
	request.Header.Set("X-Grpc-Web", "1")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	if status := response.Header.Get("Grpc-Status"); response.StatusCode != http.StatusOK || status != "" {
		response.Body.Close()
		return nil, fmt.Errorf("%s: %s, gRPC status %q", method, response.Status, status)
	}
	return response.Body, nil
}

// readFrame reads one message. It returns io.EOF at trailers with status OK.
func readFrame(body io.Reader, into proto.Message) error {
	var prefix [framePrefix]byte
	if _, err := io.ReadFull(body, prefix[:]); err != nil {
		return err
	}
	data := make([]byte, binary.BigEndian.Uint32(prefix[1:]))
	if _, err := io.ReadFull(body, data); err != nil {
		return err
	}
	if prefix[0]&trailerFrame != 0 {
		if !strings.Contains(string(data), "grpc-status:0") && !strings.Contains(string(data), "grpc-status: 0") {
			return fmt.Errorf("refused: %q", data)
		}
		return io.EOF
	}
	if into == nil {
		return fmt.Errorf("unexpected message of %d bytes", len(data))
	}
	return proto.Unmarshal(data, into)
}
