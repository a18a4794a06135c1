package chatly.example;

import chatly.messaging.v1.Live.LiveEvent;
import chatly.messaging.v1.MessagingServiceGrpc;
import chatly.messaging.v1.MessagingServiceOuterClass.SubscribeRequest;
import chatly.messaging.v1.MessagingServiceOuterClass.SubscribeResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * What happens in a user's chats, each lasting event once. The subscription has a connection of its own, comes back
 * after every cut, at its cursor, and drops what it has seen before.
 */
final class Inbox implements AutoCloseable {
  /** As many events as one replay may hold: an older one cannot come again. */
  private static final int REMEMBERED = 10_000;
  /** A reader that falls further behind holds the stream back. */
  private static final int WAITING = 1_000;
  private static final int WAIT_SECONDS = 60;
  /** Subscribing again cannot help. */
  private static final Set<Status.Code> FINAL =
      Set.of(Status.Code.INVALID_ARGUMENT, Status.Code.PERMISSION_DENIED, Status.Code.UNIMPLEMENTED);

  private final String edge;
  private final Client client;
  private final BlockingQueue<LiveEvent> waiting = new ArrayBlockingQueue<>(WAITING);
  private final Set<String> seen = new LinkedHashSet<>();
  private String cursor = "";
  private Thread subscription;
  private volatile RuntimeException failure;

  Inbox(String edge, Client client) {
    this.edge = edge;
    this.client = client;
  }

  /** Subscribes: the first time from now on, later from the cursor. caught_up comes when nothing is missing. */
  void connect() {
    subscription = new Thread(this::staySubscribed, "inbox of " + client.name);
    subscription.setDaemon(true);
    subscription.start();
  }

  /** Drops the connection. */
  void disconnect() throws InterruptedException {
    if (subscription != null) {
      subscription.interrupt();
      subscription.join();
    }
  }

  @Override
  public void close() throws InterruptedException {
    disconnect();
  }

  /** The next event; throws if none comes in time, or there cannot be a subscription. */
  LiveEvent next() throws InterruptedException {
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
    while (System.nanoTime() < giveUp) {
      LiveEvent event = waiting.poll(100, TimeUnit.MILLISECONDS);
      if (event != null) {
        return event;
      }
      if (failure != null) {
        throw failure;
      }
    }
    throw new IllegalStateException("no event came in time");
  }

  /** The next events, up to and with the first of this kind. */
  List<LiveEvent> until(LiveEvent.EventCase kind) throws InterruptedException {
    List<LiveEvent> events = new ArrayList<>();
    do {
      events.add(next());
    } while (events.get(events.size() - 1).getEventCase() != kind);
    return events;
  }

  private void staySubscribed() {
    try {
      subscribeAgainAndAgain();
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException error) {
      failure = error;
    }
  }

  private void subscribeAgainAndAgain() throws InterruptedException {
    for (long delay = 100; ; delay = Math.min(delay * 2, 5_000)) {
      String before = cursor;
      String token = client.token();
      try {
        subscribe();
      } catch (StatusRuntimeException error) {
        recover(error, token);
      }
      if (!cursor.equals(before)) {
        delay = 100;
      }
      Thread.sleep(delay);
    }
  }

  /** Throws what subscribing again cannot mend. */
  private void recover(StatusRuntimeException error, String token) {
    Status.Code code = error.getStatus().getCode();
    if (FINAL.contains(code)) {
      throw error;
    }
    if (code == Status.Code.UNAUTHENTICATED) {
      client.refresh(token);
    }
  }

  /** Reads one stream, on a connection of its own, to its end. */
  private void subscribe() throws InterruptedException {
    ManagedChannel channel = Client.connect(edge);
    try {
      var stub = client.authorized(MessagingServiceGrpc.newBlockingStub(channel));
      Iterator<SubscribeResponse> stream = stub.subscribe(SubscribeRequest.newBuilder().setCursor(cursor).build());
      while (stream.hasNext()) {
        SubscribeResponse response = stream.next();
        for (LiveEvent event : response.getEventsList()) {
          take(event);
        }
        // Only now: a cursor stands for everything that came before it.
        if (!response.getCursor().isEmpty()) {
          cursor = response.getCursor();
        }
      }
    } finally {
      channel.shutdownNow();
    }
  }

  private void take(LiveEvent event) throws InterruptedException {
    if (event.hasReconnect()) {
      Thread.sleep(event.getReconnect().getDelayMs());
    } else if (!seen.contains(event.getEventId())) {
      waiting.put(event);
      if (!event.getEventId().isEmpty()) {
        remember(event.getEventId());
      }
    }
  }

  private void remember(String eventId) {
    seen.add(eventId);
    if (seen.size() > REMEMBERED) {
      seen.remove(seen.iterator().next());
    }
  }
}
