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

// connect opens a connection with keep-alive, which notices a dead network.
func connect(edge string) (*grpc.ClientConn, error) {
	return grpc.NewClient(edge,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}))
}

// A Client calls the four services as one logged-in user.
type Client struct {
	Name, UserID string
	Users        auth.UserServiceClient
	Messaging    messaging.MessagingServiceClient
	Media        media.MediaServiceClient

	conn *grpc.ClientConn
	auth auth.AuthServiceClient

	mutex        sync.Mutex // guards the tokens, also while they are refreshed
	token        string
	refreshToken string
}

// join logs in as name and creates the account if it does not exist. Close the client after use.
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

// find returns the user_id of an account.
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
	return "", fmt.Errorf("no user is named %s", name)
}

// accessToken returns the current access token.
func (c *Client) accessToken() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.token
}

// forgetAccessToken makes the next call fail as with an expired token.
func (c *Client) forgetAccessToken() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.token = ""
}

// refresh exchanges the refresh token for new tokens, unless another call did so after the rejected token was used.
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

// as adds an access token to a call.
func as(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// A method is a unary call of a generated client.
type method[Request, Response any] func(context.Context, Request, ...grpc.CallOption) (Response, error)

// call makes a call that is safe to repeat. A send is safe because its client_message_id identifies it. It waits for an
// unreachable server, and refreshes a rejected access token.
func call[Request, Response any](
	ctx context.Context, c *Client, do method[Request, Response], request Request,
) (Response, error) {
	return renewing(ctx, c, func(token string) (Response, error) { return attempt(ctx, token, do, request) })
}

// callOnce makes a call that must not be repeated.
func callOnce[Request, Response any](
	ctx context.Context, c *Client, do method[Request, Response], request Request,
) (Response, error) {
	return renewing(ctx, c, func(token string) (Response, error) { return try(ctx, token, do, request) })
}

// renewing runs do with the access token, and once more with a new one if the first is rejected.
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

// attempt retries a call until it succeeds, for at most retryTime.
func attempt[Request, Response any](
	ctx context.Context, token string, do method[Request, Response], request Request,
) (Response, error) {
	giveUp, delay := time.Now().Add(retryTime), firstDelay
	for {
		response, err := try(ctx, token, do, request)
		if !retryable(err) || time.Now().After(giveUp) || ctx.Err() != nil {
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

// retryable returns whether an error means that the connection or the server is unreachable. The code depends on when the
// connection broke.
func retryable(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded, codes.Internal, codes.Unknown:
		return true
	default:
		return false
	}
}
