package chatly.example;

import chatly.messaging.v1.Live.LiveEvent;
import chatly.messaging.v1.MessageOuterClass.Message;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** Chats with programs of any language: sends its lines and receives everybody else's, in order and once each. */
final class Talk {
  private final Client client;
  private final String chatId;
  private final Set<String> messageIds = new HashSet<>();
  private final Map<String, Integer> numbers = new HashMap<>();
  private int received;

  private Talk(Client client, String chatId) {
    this.client = client;
    this.chatId = chatId;
  }

  /**
   * Sends {@code lines} messages and receives {@code expect} messages of others. Throws on a gap, a repeat, or a wrong
   * order.
   */
  static void run(String edge, String name, String chatId, int lines, int expect) throws InterruptedException {
    try (var client = new Client(edge, name);
        var inbox = new Inbox(edge, client)) {
      inbox.connect();
      var talk = new Talk(client, chatId);
      var speaking = CompletableFuture.runAsync(() -> talk.speak(lines));
      talk.listen(inbox, expect);
      speaking.join();
    }
    System.out.println("done");
  }

  private void speak(int lines) {
    for (int number = 1; number <= lines; number++) {
      Chat.send(client, Chat.draft(chatId, client.name + " " + number));
    }
  }

  private void listen(Inbox inbox, int expect) throws InterruptedException {
    while (received < expect) {
      LiveEvent event = inbox.next();
      if (event.hasMessageCreated() && event.getChatId().equals(chatId)) {
        hear(event.getMessageCreated());
      } else if (event.hasCaughtUp() || event.hasResync()) {
        // Messages sent before the subscription, or too long ago to replay.
        Chat.history(client, chatId).forEach(this::hear);
      }
    }
  }

  /** Each sender numbers their lines from 1. */
  private void hear(Message message) {
    if (message.getSenderId().equals(client.userId) || !messageIds.add(message.getMessageId())) {
      return;
    }
    int expected = numbers.merge(message.getSenderId(), 1, Integer::sum);
    if (!message.getText().endsWith(" " + expected)) {
      throw new IllegalStateException("expected line " + expected + " of this sender, received " + message.getText());
    }
    received++;
    System.out.println(message.getText());
  }
}
