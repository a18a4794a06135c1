package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	messaging "chatly.example/gen/go/chatly/messaging/v1"
)

var whileAway = []string{
	"While you were away 1",
	"While you were away 2",
	"While you were away 3",
	"While you were away 4",
	"While you were away 5",
}

// A Scenario is Ada and Ben in their chat.
type Scenario struct {
	ada, ben           *Client
	adaInbox, benInbox *Inbox
	chatID             string
	files              string
	messageID          string // ID of the first message
}

// scenario runs all steps and returns the error of the first wrong result.
func scenario(ctx context.Context, edge, name, files string) error {
	ada, err := join(ctx, edge, name+"-ada")
	if err != nil {
		return err
	}
	defer ada.Close()
	ben, err := join(ctx, edge, name+"-ben")
	if err != nil {
		return err
	}
	defer ben.Close()
	fmt.Println("ok register and log in")
	s := &Scenario{
		ada: ada, ben: ben, adaInbox: newInbox(edge, ada), benInbox: newInbox(edge, ben),
		chatID: directChat(ada.UserID, ben.UserID), files: files,
	}
	defer s.adaInbox.Disconnect()
	defer s.benInbox.Disconnect()
	steps := []struct {
		name string
		take func(context.Context) error
	}{
		{"find each other", s.findEachOther},
		{"subscribe", s.subscribe},
		{"send", s.send},
		{"react", s.react},
		{"edit", s.edit},
		{"delete", s.delete},
		{"upload and download", s.exchangeFiles},
		{"lose the connection and resume", s.resume},
		{"renew the access token", s.refresh},
	}
	for _, step := range steps {
		if err := step.take(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Println("ok", step.name)
	}
	return nil
}

func (s *Scenario) findEachOther(ctx context.Context) error {
	found, err := s.ada.find(ctx, s.ben.Name)
	if err != nil {
		return err
	}
	if err := check(found, s.ben.UserID); err != nil {
		return err
	}
	if found, err = s.ben.find(ctx, s.ada.Name); err != nil {
		return err
	}
	return check(found, s.ada.UserID)
}

func (s *Scenario) subscribe(ctx context.Context) error {
	for _, inbox := range []*Inbox{s.adaInbox, s.benInbox} {
		inbox.Connect(ctx)
		if _, err := inbox.Until(isCaughtUp); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scenario) send(ctx context.Context) error {
	request := draft(s.chatID, "Hello Ben")
	message, err := send(ctx, s.ada, request)
	if err != nil {
		return err
	}
	s.messageID = message.MessageId
	// A retry, as after a lost response, returns the same message.
	again, err := send(ctx, s.ada, request)
	if err != nil {
		return err
	}
	if err := check(again.MessageId, s.messageID); err != nil {
		return err
	}
	arrived, err := s.next(isMessage)
	if err != nil {
		return err
	}
	said := arrived.GetMessageCreated()
	return check(
		[]string{said.MessageId, said.ClientMessageId, said.Text},
		[]string{s.messageID, request.ClientMessageId, "Hello Ben"})
}

func (s *Scenario) react(ctx context.Context) error {
	reaction := &messaging.ToggleReactionRequest{ChatId: s.chatID, MessageId: s.messageID, Emoji: "👍"}
	// Calling it twice would remove the reaction, so it is not retried.
	if _, err := callOnce(ctx, s.ben, s.ben.Messaging.ToggleReaction, reaction); err != nil {
		return err
	}
	events, err := s.adaInbox.Until(func(event *messaging.LiveEvent) bool { return event.GetReactionChanged() != nil })
	if err != nil {
		return err
	}
	change := events[len(events)-1].GetReactionChanged()
	if err := check([]string{change.MessageId, change.Emoji}, []string{s.messageID, "👍"}); err != nil {
		return err
	}
	return check(change.Present, true)
}

func (s *Scenario) edit(ctx context.Context) error {
	change := &messaging.EditMessageRequest{ChatId: s.chatID, MessageId: s.messageID, Text: "Hello Ben!"}
	if _, err := call(ctx, s.ada, s.ada.Messaging.EditMessage, change); err != nil {
		return err
	}
	event, err := s.next(func(event *messaging.LiveEvent) bool { return event.GetMessageEdited() != nil })
	if err != nil {
		return err
	}
	edited := event.GetMessageEdited()
	return check([]string{edited.MessageId, edited.Text}, []string{s.messageID, "Hello Ben!"})
}

func (s *Scenario) delete(ctx context.Context) error {
	message, err := send(ctx, s.ada, draft(s.chatID, "Not for long"))
	if err != nil {
		return err
	}
	deletion := &messaging.DeleteMessageRequest{
		ChatId: s.chatID, MessageId: message.MessageId, Scope: messaging.DeleteScope_DELETE_SCOPE_FOR_EVERYONE,
	}
	if _, err := call(ctx, s.ada, s.ada.Messaging.DeleteMessage, deletion); err != nil {
		return err
	}
	event, err := s.next(func(event *messaging.LiveEvent) bool { return event.GetMessageDeleted() != nil })
	if err != nil {
		return err
	}
	if err := check(event.GetMessageDeleted().MessageId, message.MessageId); err != nil {
		return err
	}
	return check(event.GetMessageDeleted().ForEveryone, true)
}

func (s *Scenario) exchangeFiles(ctx context.Context) error {
	photo, err := upload(ctx, s.ada, filepath.Join(s.files, "photo.jpg"))
	if err != nil {
		return err
	}
	paper, err := upload(ctx, s.ada, filepath.Join(s.files, "paper.pdf"))
	if err != nil {
		return err
	}
	if _, err := send(ctx, s.ada, draft(s.chatID, "Two files", photo.MediaId, paper.MediaId)); err != nil {
		return err
	}
	event, err := s.next(isMessage)
	if err != nil {
		return err
	}
	var types []string
	for _, attachment := range event.GetMessageCreated().Attachments {
		types = append(types, attachment.ContentType)
	}
	if err := check(types, []string{"image/jpeg", "application/pdf"}); err != nil {
		return err
	}
	return s.download(ctx, photo.MediaId, paper.MediaId)
}

func (s *Scenario) download(ctx context.Context, photoID, paperID string) error {
	photo, err := download(ctx, s.ben, photoID)
	if err != nil {
		return err
	}
	if err := check(bytes.HasPrefix(photo, []byte{0xff, 0xd8}), true); err != nil {
		return err
	}
	paper, err := download(ctx, s.ben, paperID)
	if err != nil {
		return err
	}
	sent, err := os.ReadFile(filepath.Join(s.files, "paper.pdf"))
	if err != nil {
		return err
	}
	return check(bytes.Equal(paper, sent), true)
}

func (s *Scenario) resume(ctx context.Context) error {
	s.benInbox.Disconnect()
	for _, text := range whileAway {
		if _, err := send(ctx, s.ada, draft(s.chatID, text)); err != nil {
			return err
		}
	}
	s.benInbox.Connect(ctx)
	missed, err := s.benInbox.Until(isCaughtUp)
	if err != nil {
		return err
	}
	if err := check(texts(missed), whileAway); err != nil {
		return err
	}
	if _, err := send(ctx, s.ada, draft(s.chatID, "Welcome back")); err != nil {
		return err
	}
	live, err := s.benInbox.Until(isMessage)
	if err != nil {
		return err
	}
	return check(texts(live), []string{"Welcome back"})
}

func (s *Scenario) refresh(ctx context.Context) error {
	s.ben.forgetAccessToken()
	messages, err := history(ctx, s.ben, s.chatID)
	if err != nil {
		return err
	}
	var said []string
	for _, message := range messages[max(0, len(messages)-9):] {
		said = append(said, message.Text)
	}
	return check(said, append(append([]string{"Hello Ben!", "", "Two files"}, whileAway...), "Welcome back"))
}

// next skips Ben's events up to the first that matches.
func (s *Scenario) next(wanted func(*messaging.LiveEvent) bool) (*messaging.LiveEvent, error) {
	events, err := s.benInbox.Until(wanted)
	if err != nil {
		return nil, err
	}
	return events[len(events)-1], nil
}

func isMessage(event *messaging.LiveEvent) bool  { return event.GetMessageCreated() != nil }
func isCaughtUp(event *messaging.LiveEvent) bool { return event.GetCaughtUp() != nil }

// texts returns the texts of the new messages among some events.
func texts(events []*messaging.LiveEvent) []string {
	var said []string
	for _, event := range events {
		if isMessage(event) {
			said = append(said, event.GetMessageCreated().Text)
		}
	}
	return said
}

func check(found, expected any) error {
	if !reflect.DeepEqual(found, expected) {
		return fmt.Errorf("expected %q, found %q", expected, found)
	}
	return nil
}
