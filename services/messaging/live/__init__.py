"""Live delivery: the Subscribe and SendMessages streams. Knows no transport: a `StreamEncoder` makes the bytes to send.

The path of an event from the bus to one stream of a node:

    bus → Hub → Broadcaster → Subscriber.push → SendQueue → Subscribe → gRPC
                encodes the event once,         WriteBatcher writes the queue
                skips streams that have it      at once or a little later

The queue is pushed to the call while the task of the stream sleeps (`Subscribe._push`). Otherwise, or if the call does
not take pushes, the task yields it.

The phases of a stream. `Subscriber` owns the state of the stream, and only methods of `Subscriber` change the phase:

                  go_live             drain, fail             take
    REPLAYING ──────────────► LIVE ───────────────► DRAINING ──────► CLOSED
      ▲    │                    │                       ▲               ▲
      │    └────────────────────┼───────────────────────┘               │
      │        drain, fail      │                         close, from any phase
      └─────────────────────────┘
        begin_replay, after lose_events

`Hub` has one bus subscription for the channels of all streams (`Channels`). It also receives the store's watermark and
trims the hot tail at it. While the bus is down, `LogFollower` reads the events of other nodes from the log and
delivers them on the same channels. `Subscribe` serves one stream from its cursor to its end, and `ReplayReader` reads
past events for `Subscribe`. `lifecycle` sends heartbeats to all streams, and ends the streams when the node stops.

Call `Hub.open` before the first stream. `Hub.run`, `Heartbeats.run` and `LogFollower.run` are background loops of the
service.
Metrics: `chatly_live_events_serialized_total`, `chatly_live_deliveries_total`, `chatly_live_follows_log`.
"""
