package main

import (
	"encoding/json"
	"os"
	"sync"
	"time"
)

// An Entry is a line of a recording; tests/faults/checker/recording.py describes each kind.
type Entry struct {
	At      float64 `json:"at"`
	Kind    string  `json:"kind"`
	Device  string  `json:"device"`
	User    string  `json:"user"`
	Chat    string  `json:"chat,omitempty"`
	Message string  `json:"message,omitempty"`
	Send    string  `json:"send,omitempty"`
	Sender  string  `json:"sender,omitempty"`
	Emoji   string  `json:"emoji,omitempty"`
	Present bool    `json:"present,omitempty"`
	Event   string  `json:"event,omitempty"`
	Text    string  `json:"text,omitempty"`
}

// A Recording stores the lines of several devices.
type Recording struct {
	mutex sync.Mutex
	file  *os.File
}

func openRecording(path string) (*Recording, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	return &Recording{file: file}, err
}

func (j *Recording) Close() error { return j.file.Close() }

// Write adds the time to an entry and writes it. If writing fails the program exits: an incomplete recording proves
// nothing.
func (j *Recording) Write(entry Entry) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	entry.At = float64(time.Now().UnixNano()) / 1e9
	line, err := json.Marshal(entry)
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	if err != nil {
		panic(err)
	}
}
