// Grpcgo is a baseline: a grpc-go server with the same protos that delivers messages and stores nothing. It prints its
// port. A token is a user's id, and every stream is in every group.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	messaging "chatly.example/gen/go/chatly/messaging/v1"
)

// Messages beyond this backlog of a reader are dropped.
const longestQueue = 10_000

type inbox chan *messaging.SubscribeResponse

type server struct {
	messaging.UnimplementedMessagingServiceServer
	mutex   sync.RWMutex
	inboxes map[string]map[inbox]struct{} // by user
}

func (s *server) SendMessage(ctx context.Context, request *messaging.SendMessageRequest) (*messaging.SendMessageResponse, error) {
	message := &messaging.Message{
		MessageId:       uuid.NewString(),
		ChatId:          request.ChatId,
		SenderId:        userID(ctx),
		ReceiverId:      request.UserId,
		ClientMessageId: request.ClientMessageId,
		Text:            request.Text,
		CreatedAt:       timestamppb.Now(),
	}
	s.deliver(request.UserId, &messaging.SubscribeResponse{Events: []*messaging.LiveEvent{{
		EventId: message.MessageId,
		ChatId:  message.ChatId,
		Event:   &messaging.LiveEvent_MessageCreated{MessageCreated: message},
	}}})
	return &messaging.SendMessageResponse{Message: message}, nil
}

func (s *server) Subscribe(_ *messaging.SubscribeRequest, stream grpc.ServerStreamingServer[messaging.SubscribeResponse]) error {
	mine := make(inbox, longestQueue)
	user := userID(stream.Context())
	s.enter(user, mine)
	defer s.leave(user, mine)
	first := &messaging.LiveEvent{Event: &messaging.LiveEvent_CaughtUp{CaughtUp: &messaging.CaughtUp{}}}
	if err := stream.Send(&messaging.SubscribeResponse{Events: []*messaging.LiveEvent{first}}); err != nil {
		return err
	}
	for {
		select {
		case news := <-mine:
			if err := stream.Send(news); err != nil {
				return err
			}
		case <-stream.Context().Done():
			return nil
		}
	}
}

// deliver sends an event to one user, or to all.
func (s *server) deliver(user string, news *messaging.SubscribeResponse) {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	if user != "" {
		offer(s.inboxes[user], news)
		return
	}
	for _, inboxes := range s.inboxes {
		offer(inboxes, news)
	}
}

func offer(inboxes map[inbox]struct{}, news *messaging.SubscribeResponse) {
	for each := range inboxes {
		select {
		case each <- news:
		default:
			log.Print("a reader is too slow: what it misses counts as lost")
		}
	}
}

func (s *server) enter(user string, mine inbox) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.inboxes[user] == nil {
		s.inboxes[user] = map[inbox]struct{}{}
	}
	s.inboxes[user][mine] = struct{}{}
}

func (s *server) leave(user string, mine inbox) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.inboxes[user], mine)
}

func userID(ctx context.Context) string {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	return strings.TrimPrefix(strings.Join(values, ""), "Bearer ")
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	grpcServer := grpc.NewServer()
	messaging.RegisterMessagingServiceServer(grpcServer, &server{inboxes: map[string]map[inbox]struct{}{}})
	context.AfterFunc(ctx, grpcServer.Stop)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	if err := grpcServer.Serve(listener); err != nil {
		log.Fatal(err)
	}
}
