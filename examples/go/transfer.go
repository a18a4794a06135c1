package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	media "chatly.example/gen/go/chatly/media/v1"
)

const (
	pieceBytes   = 16 * 1024
	transferTime = time.Minute
)

// upload sends a file for a message. The server removes EXIF data from a picture, so its SHA-256 changes.
func upload(ctx context.Context, client *Client, path string) (*media.Media, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(as(ctx, client.accessToken()), transferTime)
	defer cancel()
	stream, err := client.Media.Upload(ctx)
	if err != nil {
		return nil, err
	}
	start := &media.UploadStart{
		FileName:  filepath.Base(path),
		SizeBytes: int64(len(content)),
		Purpose:   media.MediaPurpose_MEDIA_PURPOSE_MESSAGE,
		Sha256:    digest(content),
	}
	err = stream.Send(&media.UploadRequest{Step: &media.UploadRequest_Start{Start: start}})
	for at := 0; at < len(content) && err == nil; at += pieceBytes {
		piece := content[at:min(at+pieceBytes, len(content))]
		err = stream.Send(&media.UploadRequest{Step: &media.UploadRequest_Data{Data: piece}})
	}
	if err != nil && !errors.Is(err, io.EOF) { // EOF: the server stopped reading; CloseAndRecv returns its error
		return nil, err
	}
	uploaded, err := stream.CloseAndRecv()
	if err != nil {
		return nil, fmt.Errorf("upload %s: %w", path, err)
	}
	return uploaded.Media, nil
}

// download returns the bytes of a file, after comparing them with the server's SHA-256.
func download(ctx context.Context, client *Client, mediaID string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(as(ctx, client.accessToken()), transferTime)
	defer cancel()
	stream, err := client.Media.Download(ctx, &media.DownloadRequest{MediaId: mediaID})
	if err != nil {
		return nil, err
	}
	var described *media.Media
	var content []byte
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("download %s: %w", mediaID, err)
		}
		if part.Media != nil {
			described = part.Media
		}
		content = append(content, part.Data...)
	}
	if digest(content) != described.GetSha256() {
		return nil, fmt.Errorf("%s: SHA-256 does not match", described.GetFileName())
	}
	return content, nil
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
