// A Chatly client in Go. Start reading at scenario.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

const usage = "usage: chatly-go scenario|talk --edge HOST:PORT --name NAME …"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 {
		return errors.New(usage)
	}
	flags := flag.NewFlagSet(arguments[0], flag.ExitOnError)
	edge := flags.String("edge", "127.0.0.1:8080", "host:port of the edge")
	name := flags.String("name", "", "name of the account, made if need be")
	files := flags.String("files", "examples/files", "scenario: folder of photo.jpg and paper.pdf")
	chatID := flags.String("chat", "", "talk: chat_id of a chat that the account is in")
	lines := flags.Int("send", 0, "talk: how many lines to say")
	expect := flags.Int("expect", 0, "talk: how many lines of others to wait for")
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	switch arguments[0] {
	case "scenario":
		return scenario(ctx, *edge, *name, *files)
	case "talk":
		return talk(ctx, *edge, *name, *chatID, *lines, *expect)
	default:
		return errors.New(usage)
	}
}
