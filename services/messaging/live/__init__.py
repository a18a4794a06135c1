"""Live delivery: Subscribe and SendMessages. Knows no transport; what goes to clients is bytes made by a `Wire`.

How wiring builds it (`history` is the History, `events` the store's EventReader, `tail` the HotTail):

    wire = SubscribeWire()                                          # mapping/stream.py
    rendering = Rendering(wire=wire, chats=history)
    hub = Hub(bus=bus, rendering=rendering, events=events, tail=tail)
    replays = Replays(past=history, events=events, rendering=rendering)
    subscribe = Subscribe(hub=hub, replays=replays, wire=wire, log_id=await log_reader.log_id())
    send_messages = SendMessages(send=send_message)
    heartbeats = Heartbeats(hub=hub, wire=wire, clock=clock)
    drain = Drain(hub=hub, wire=wire)

`await hub.open()` comes before the first stream and `hub.close()` at the end; `hub.run` and `heartbeats.run` are loops
of the service, `drain` is what it does first at shutdown. The hub trims the tail as watermarks come; nobody else needs
to. The rpc layer yields what `subscribe(user_id, cursor)` gives as it is (bytes), and `answer_pb(answer)` for each of
`send_messages(asks(requests), sender=user_id)`.
"""
