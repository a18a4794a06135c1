package main

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	messaging "chatly.example/gen/go/chatly/messaging/v1"
	presence "chatly.example/gen/go/chatly/presence/v1"
)

const (
	attemptTime = 3 * time.Second // limit of one attempt, before the next edge is used
	pause       = 100 * time.Millisecond
)

// A Link is a device's connection to the mesh: it uses one edge until that edge does not answer, then the next one.
type Link struct {
	token string
	conns []*grpc.ClientConn

	mutex   sync.Mutex
	current int
	moved   chan struct{} // closed when another edge is used
}

func openLink(edges []string, token string, first int) (*Link, error) {
	link := &Link{token: token, current: first % len(edges), moved: make(chan struct{})}
	for _, edge := range edges {
		conn, err := grpc.NewClient(edge,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: pause, Multiplier: 1.6, MaxDelay: time.Second},
				MinConnectTimeout: time.Second,
			}),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 3 * time.Second}))
		if err != nil {
			return nil, err
		}
		link.conns = append(link.conns, conn)
	}
	return link, nil
}

// edge returns the current edge, and a channel that is closed when another edge is used.
func (l *Link) edge() (int, <-chan struct{}) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.current, l.moved
}

// blame switches to the next edge if the error of a call may be the current edge's fault.
func (l *Link) blame(edge int, err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	code := status.Code(err)
	if (code == codes.Unavailable || code == codes.DeadlineExceeded) && edge == l.current {
		l.current = (edge + 1) % len(l.conns)
		close(l.moved)
		l.moved = make(chan struct{})
	}
}

func (l *Link) as(ctx context.Context) context.Context {
	return metadata.NewOutgoingContext(ctx, metadata.Pairs("authorization", "Bearer "+l.token))
}

// call retries until it succeeds, or fails with an error that no retry fixes.
func call[Response any](
	ctx context.Context, l *Link, do func(context.Context, messaging.MessagingServiceClient) (Response, error),
) (Response, error) {
	for {
		edge, _ := l.edge()
		attempt, cancel := context.WithTimeout(l.as(ctx), attemptTime)
		response, err := do(attempt, messaging.NewMessagingServiceClient(l.conns[edge]))
		cancel()
		if err == nil || !retryable(err) {
			return response, err
		}
		l.blame(edge, err)
		if !sleep(ctx, pause) {
			return response, ctx.Err()
		}
	}
}

// streaming keeps a stream open: it reopens the stream when it ends, or when another edge is used.
func (l *Link) streaming(ctx context.Context, read func(context.Context, *grpc.ClientConn) error, broken func(error)) {
	for ctx.Err() == nil {
		edge, moved := l.edge()
		stream, cancel := context.WithCancel(l.as(ctx))
		ended := make(chan struct{})
		go func() {
			select {
			case <-moved:
			case <-ended:
			}
			cancel()
		}()
		err := read(stream, l.conns[edge])
		close(ended)
		if ctx.Err() == nil {
			l.blame(edge, err)
			broken(err)
		}
		sleep(ctx, pause)
	}
}

func (l *Link) beOnline(ctx context.Context, device string) {
	request := &presence.ConnectRequest{DeviceId: device}
	read := func(ctx context.Context, conn *grpc.ClientConn) error {
		stream, err := presence.NewPresenceServiceClient(conn).Connect(ctx, request)
		for err == nil {
			_, err = stream.Recv()
		}
		return err
	}
	l.streaming(ctx, read, func(error) {})
}

// retryable returns whether a call failed because something is unreachable or overloaded.
func retryable(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded, codes.Internal, codes.Unknown,
		codes.ResourceExhausted, codes.Aborted:
		return true
	default:
		return false
	}
}
