"""Live delivery: the Subscribe and SendMessages streams. Knows no transport; clients get bytes from an `EventEncoder`.

The way of an event from the bus to one stream of a node:

    bus → Hub → Broadcaster → Subscriber.push → SendQueue → Subscribe → gRPC
                encodes the event once,         WriteBatcher wakes the stream
                skips streams that have it      at once or a little later

The phases of a stream. `Subscriber` owns all of its state; only its methods change it:

                  go_live             drain, fail             take
    REPLAYING ──────────────► LIVE ───────────────► DRAINING ──────► CLOSED
      ▲    │                    │                       ▲               ▲
      │    └────────────────────┼───────────────────────┘               │
      │        drain, fail      │                         close, from any phase
      └─────────────────────────┘
        begin_replay, after lose_events

While the bus is down, `LogFollower` reads the events of other nodes from the log, and gives them to the same channels.
`Hub` has one bus subscription for the channels of all streams (`Channels`), and the store's watermark, by which it also
trims the hot tail. `Subscribe` serves one stream from its cursor to its end. `ReplayReader` reads past events for it.
`lifecycle` sends heartbeats to all streams and ends them when the node stops.

Call `Hub.open` before the first stream. `Hub.run`, `Heartbeats.run` and `LogFollower.run` are background loops of the
service.
Metrics: `chatly_live_events_serialized_total`, `chatly_live_deliveries_total`, `chatly_live_follows_log`.
"""
