package chatly.example;

import chatly.messaging.v1.MessageOuterClass.Message;
import chatly.messaging.v1.MessagingServiceOuterClass.ListDirection;
import chatly.messaging.v1.MessagingServiceOuterClass.ListMessagesRequest;
import chatly.messaging.v1.MessagingServiceOuterClass.SendMessageRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** What the scenario and the talk both do in a chat. */
final class Chat {
  private Chat() {}

  /** The chat_id of two users: it exists without being made. */
  static String direct(String one, String other) {
    return one.compareTo(other) < 0 ? one + "_" + other : other + "_" + one;
  }

  /** A send with a name of its own: trying the same one again makes no second message. */
  static SendMessageRequest draft(String chatId, String text, String... mediaIds) {
    return SendMessageRequest.newBuilder()
        .setChatId(chatId)
        .setClientMessageId(UUID.randomUUID().toString())
        .setText(text)
        .addAllMediaIds(List.of(mediaIds))
        .build();
  }

  /** The message that was made, now or by an earlier try. */
  static Message send(Client client, SendMessageRequest request) {
    return client.call(client.messaging, stub -> stub.sendMessage(request)).getMessage();
  }

  /** Every message of a chat, oldest first. */
  static List<Message> history(Client client, String chatId) {
    List<Message> messages = new ArrayList<>();
    String pageToken = "";
    do {
      var request =
          ListMessagesRequest.newBuilder()
              .setChatId(chatId)
              .setPageSize(100)
              .setDirection(ListDirection.LIST_DIRECTION_FORWARD)
              .setPageToken(pageToken)
              .build();
      var page = client.call(client.messaging, stub -> stub.listMessages(request));
      messages.addAll(page.getMessagesList());
      pageToken = page.getNextPageToken();
    } while (!pageToken.isEmpty());
    return messages;
  }
}
