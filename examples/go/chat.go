package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	messaging "chatly.example/gen/go/chatly/messaging/v1"
)

// directChat returns the chat_id of two users. A 1:1 chat needs no creation.
func directChat(one, other string) string {
	return min(one, other) + "_" + max(one, other)
}

// draft returns a send with a new client_message_id. Sending the same one again creates no second message.
func draft(chatID, text string, mediaIDs ...string) *messaging.SendMessageRequest {
	return &messaging.SendMessageRequest{ChatId: chatID, ClientMessageId: uuid.Must(uuid.NewV7()).String(), Text: text, MediaIds: mediaIDs}
}

// send returns the stored message, of this or an earlier attempt.
func send(ctx context.Context, client *Client, request *messaging.SendMessageRequest) (*messaging.Message, error) {
	sent, err := call(ctx, client, client.Messaging.SendMessage, request)
	if err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	return sent.Message, nil
}

// history returns every message of a chat, oldest first.
func history(ctx context.Context, client *Client, chatID string) ([]*messaging.Message, error) {
	var messages []*messaging.Message
	request := &messaging.ListMessagesRequest{
		ChatId: chatID, PageSize: 100, Direction: messaging.ListDirection_LIST_DIRECTION_FORWARD,
	}
	for {
		page, err := call(ctx, client, client.Messaging.ListMessages, request)
		if err != nil {
			return nil, fmt.Errorf("list messages: %w", err)
		}
		messages = append(messages, page.Messages...)
		if page.NextPageToken == "" {
			return messages, nil
		}
		request.PageToken = page.NextPageToken
	}
}
