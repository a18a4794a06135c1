package chatly.example;

import chatly.messaging.v1.MessageOuterClass.Message;
import chatly.messaging.v1.MessagingServiceOuterClass.ListDirection;
import chatly.messaging.v1.MessagingServiceOuterClass.ListMessagesRequest;
import chatly.messaging.v1.MessagingServiceOuterClass.SendMessageRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Chat operations for the scenario and the talk. */
final class Chat {
  private Chat() {}

  /** Returns the chat_id of two users. A 1:1 chat needs no creation. */
  static String direct(String one, String other) {
    return one.compareTo(other) < 0 ? one + "_" + other : other + "_" + one;
  }

  /** Returns a send with a new client_message_id. Sending the same one again creates no second message. */
  static SendMessageRequest draft(String chatId, String text, String... mediaIds) {
    return SendMessageRequest.newBuilder()
        .setChatId(chatId)
        .setClientMessageId(UUID.randomUUID().toString())
        .setText(text)
        .addAllMediaIds(List.of(mediaIds))
        .build();
  }

  /** Returns the stored message, of this or an earlier attempt. */
  static Message send(Client client, SendMessageRequest request) {
    return client.call(client.messaging, stub -> stub.sendMessage(request)).getMessage();
  }

  /** Returns every message of a chat, oldest first. */
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
