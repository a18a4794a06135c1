"""Live delivery: Subscribe and SendMessages. Knows no transport; what goes to clients is bytes made by a `Wire`.

The way of an event, from the bus to the streams of a node:

    bus → Hub → Fanout (each event serialised once, each stream given it once) → Outbox of each Reader → Subscribe

`Hub` hears the channels of all streams of the node with one subscription, and the watermark of the store, by which it
also trims the hot tail. `Subscribe` is one stream from its cursor to its end: listen, replay, `caught_up`, live;
`Replays` reads the past for it, after a gap of the bus too. `Pace` lets a busy stream's events share writes.
`Heartbeats` is one loop for all streams; `Drain` sends them elsewhere.

`Hub.open` comes before the first stream; `Hub.run` and `Heartbeats.run` are loops of the service. Metrics:
`chatly_live_events_serialized_total`, `chatly_live_deliveries_total`.
"""
