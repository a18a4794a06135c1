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
 * The events of a user's chats, each stored event once. The subscription has its own connection, resumes from its
 * cursor whenever it is cut, and drops repeats.
 */
final class Inbox implements AutoCloseable {
  /** As many events as one replay may have: an older one cannot be repeated. */
  private static final int REMEMBERED = 10_000;
  /** A slower reader pauses the stream. */
  private static final int WAITING = 1_000;
  private static final int WAIT_SECONDS = 60;
  /** Errors that a retry cannot fix. */
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

  /** Subscribes: from now on the first time, from the cursor later. caught_up arrives when nothing is missing. */
  void connect() {
    subscription = new Thread(this::staySubscribed, "inbox of " + client.name);
    subscription.setDaemon(true);
    subscription.start();
  }

  /** Closes the connection. */
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

  /** Returns the next event. Throws on a timeout, or the error that ended the subscription. */
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
    throw new IllegalStateException("no event within the time limit");
  }

  /** Returns the next events, up to and including the first of this kind. */
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

  /** Throws errors that a retry cannot fix. */
  private void recover(StatusRuntimeException error, String token) {
    Status.Code code = error.getStatus().getCode();
    if (FINAL.contains(code)) {
      throw error;
    }
    if (code == Status.Code.UNAUTHENTICATED) {
      client.refresh(token);
    }
  }

  /** Reads one stream to its end, on its own connection. */
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
        // Store the cursor last: it covers all events before it.
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
