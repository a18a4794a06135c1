package main

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	messaging "chatly.example/gen/go/chatly/messaging/v1"
)

// talk sends lines messages to a chat and receives expect messages of others, in order and once each.
func talk(ctx context.Context, edge, name, chatID string, lines, expect int) error {
	client, err := join(ctx, edge, name)
	if err != nil {
		return err
	}
	defer client.Close()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return speak(ctx, client, chatID, lines) })
	group.Go(func() error { return listen(ctx, newInbox(edge, client), chatID, expect) })
	if err := group.Wait(); err != nil {
		return err
	}
	fmt.Println("done")
	return nil
}

func speak(ctx context.Context, client *Client, chatID string, lines int) error {
	for number := 1; number <= lines; number++ {
		if _, err := send(ctx, client, draft(chatID, fmt.Sprintf("%s %d", client.Name, number))); err != nil {
			return err
		}
	}
	return nil
}

func listen(ctx context.Context, inbox *Inbox, chatID string, expect int) error {
	inbox.Connect(ctx)
	defer inbox.Disconnect()
	ears := received{ownID: inbox.client.UserID, messageIDs: map[string]bool{}, numbers: map[string]int{}}
	for ears.count < expect {
		event, err := inbox.Next()
		if err != nil {
			return err
		}
		var messages []*messaging.Message
		switch {
		case event.GetMessageCreated() != nil && event.ChatId == chatID:
			messages = []*messaging.Message{event.GetMessageCreated()}
		case event.GetCaughtUp() != nil || event.GetResync() != nil:
			// Messages sent before the subscription, or too long ago to replay.
			if messages, err = history(ctx, inbox.client, chatID); err != nil {
				return err
			}
		}
		if err := ears.take(messages); err != nil {
			return err
		}
	}
	return nil
}

// received records the messages of others. Each sender numbers their lines from 1.
type received struct {
	ownID      string
	count      int
	messageIDs map[string]bool
	numbers    map[string]int
}

func (h *received) take(messages []*messaging.Message) error {
	for _, message := range messages {
		if message.SenderId == h.ownID || h.messageIDs[message.MessageId] {
			continue
		}
		h.messageIDs[message.MessageId] = true
		h.numbers[message.SenderId]++
		if expected := h.numbers[message.SenderId]; !strings.HasSuffix(message.Text, fmt.Sprintf(" %d", expected)) {
			return fmt.Errorf("expected line %d of this sender, received %q", expected, message.Text)
		}
		h.count++
		fmt.Println(message.Text)
	}
	return nil
}
