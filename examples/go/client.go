package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	auth "chatly.example/gen/go/chatly/auth/v1"
	media "chatly.example/gen/go/chatly/media/v1"
	messaging "chatly.example/gen/go/chatly/messaging/v1"
)

const (
	password   = "chatly-example"
	callTime   = 10 * time.Second
	retryTime  = time.Minute
	firstDelay = 100 * time.Millisecond
)

// connect opens a connection that notices when it is dead.
func connect(edge string) (*grpc.ClientConn, error) {
	return grpc.NewClient(edge,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}))
}

// A Client is one logged-in user of the four services.
type Client struct {
	Name, UserID string
	Users        auth.UserServiceClient
	Messaging    messaging.MessagingServiceClient
	Media        media.MediaServiceClient

	conn *grpc.ClientConn
	auth auth.AuthServiceClient

	mutex        sync.Mutex // guards the tokens; held while they are renewed
	token        string
	refreshToken string
}

// join logs in as name, after making that account if need be. Close the client after use.
func join(ctx context.Context, edge, name string) (*Client, error) {
	conn, err := connect(edge)
	if err != nil {
		return nil, err
	}
	client := &Client{
		Users:     auth.NewUserServiceClient(conn),
		Messaging: messaging.NewMessagingServiceClient(conn),
		Media:     media.NewMediaServiceClient(conn),
		conn:      conn,
		auth:      auth.NewAuthServiceClient(conn),
	}
	if err := client.logIn(ctx, name); err != nil {
		conn.Close()
		return nil, err
	}
	return client, nil
}

func (c *Client) Close() error { return c.conn.Close() }

func (c *Client) logIn(ctx context.Context, name string) error {
	email := name + "@example.com"
	registration := &auth.RegisterRequest{Username: name, Email: email, Password: password}
	if _, err := attempt(ctx, "", c.auth.Register, registration); err != nil && status.Code(err) != codes.AlreadyExists {
		return fmt.Errorf("register: %w", err)
	}
	login := &auth.LoginRequest{Email: email, Password: password, DeviceName: "Go example"}
	session, err := attempt(ctx, "", c.auth.Login, login)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	c.Name, c.UserID = session.Username, session.UserId
	c.token, c.refreshToken = session.Token, session.RefreshToken
	return nil
}

// find returns the user_id of the account name.
func (c *Client) find(ctx context.Context, name string) (string, error) {
	found, err := call(ctx, c, c.Users.SearchUsers, &auth.SearchUsersRequest{Query: name})
	if err != nil {
		return "", err
	}
	for _, user := range found.Users {
		if user.Username == name {
			return user.UserId, nil
		}
	}
	return "", fmt.Errorf("nobody is called %s", name)
}

// accessToken returns the token in use.
func (c *Client) accessToken() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.token
}

// forgetAccessToken makes the next call find its token refused, as when it has run out.
func (c *Client) forgetAccessToken() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.token = ""
}

// refresh trades the refresh token for new tokens, unless that was done since the token refused was used.
func (c *Client) refresh(ctx context.Context, refused string) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if refused != c.token {
		return nil
	}
	request := &auth.RefreshRequest{RefreshToken: c.refreshToken}
	session, err := attempt(ctx, "", c.auth.Refresh, request)
	if err != nil {
		return fmt.Errorf("renew the access token: %w", err)
	}
	c.token, c.refreshToken = session.Token, session.RefreshToken
	return nil
}

// as puts an access token beside a call.
func as(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// A method is a unary call of a generated client.
type method[Request, Response any] func(context.Context, Request, ...grpc.CallOption) (Response, error)

// call makes a call that may be done twice: a send may, because its client_message_id tells that it is the same one.
// It waits for a connection that is away, and renews an access token that is refused.
func call[Request, Response any](
	ctx context.Context, c *Client, do method[Request, Response], request Request,
) (Response, error) {
	return renewing(ctx, c, func(token string) (Response, error) { return attempt(ctx, token, do, request) })
}

// callOnce makes a call that must not be done twice.
func callOnce[Request, Response any](
	ctx context.Context, c *Client, do method[Request, Response], request Request,
) (Response, error) {
	return renewing(ctx, c, func(token string) (Response, error) { return try(ctx, token, do, request) })
}

// renewing does something with the access token, and again with a new one if that is refused.
func renewing[Response any](ctx context.Context, c *Client, do func(token string) (Response, error)) (Response, error) {
	token := c.accessToken()
	response, err := do(token)
	if status.Code(err) != codes.Unauthenticated {
		return response, err
	}
	if err := c.refresh(ctx, token); err != nil {
		return response, err
	}
	return do(c.accessToken())
}

// attempt tries a call until it gets through, or for retryTime.
func attempt[Request, Response any](
	ctx context.Context, token string, do method[Request, Response], request Request,
) (Response, error) {
	giveUp, delay := time.Now().Add(retryTime), firstDelay
	for {
		response, err := try(ctx, token, do, request)
		if !away(err) || time.Now().After(giveUp) || ctx.Err() != nil {
			return response, err
		}
		time.Sleep(delay)
		delay = min(delay*2, 2*time.Second)
	}
}

func try[Request, Response any](
	ctx context.Context, token string, do method[Request, Response], request Request,
) (Response, error) {
	ctx, cancel := context.WithTimeout(as(ctx, token), callTime)
	defer cancel()
	return do(ctx, request)
}

// away tells what a call may get while the connection or a server is away; which, depends on the moment of the break.
func away(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded, codes.Internal, codes.Unknown:
		return true
	default:
		return false
	}
}
