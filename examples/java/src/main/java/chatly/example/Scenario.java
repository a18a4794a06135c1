package chatly.example;

import chatly.messaging.v1.Live.LiveEvent;
import chatly.messaging.v1.Live.LiveEvent.EventCase;
import chatly.messaging.v1.MessageOuterClass.Attachment;
import chatly.messaging.v1.MessageOuterClass.Message;
import chatly.messaging.v1.MessagingServiceOuterClass.DeleteMessageRequest;
import chatly.messaging.v1.MessagingServiceOuterClass.DeleteScope;
import chatly.messaging.v1.MessagingServiceOuterClass.EditMessageRequest;
import chatly.messaging.v1.MessagingServiceOuterClass.ToggleReactionRequest;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Two users, Ada and Ben, chat: every step that a client needs, each checked. */
final class Scenario {
  private static final List<String> WHILE_AWAY =
      IntStream.rangeClosed(1, 5).mapToObj(number -> "While you were away " + number).toList();
  private static final ByteString JPEG = ByteString.fromHex("ffd8");

  private final Client ada;
  private final Client ben;
  private final Inbox adaInbox;
  private final Inbox benInbox;
  private final Path files;
  private final String chatId;

  private Scenario(Client ada, Client ben, Inbox adaInbox, Inbox benInbox, Path files) {
    this.ada = ada;
    this.ben = ben;
    this.adaInbox = adaInbox;
    this.benInbox = benInbox;
    this.files = files;
    chatId = Chat.direct(ada.userId, ben.userId);
  }

  /** Runs all steps. Throws at the first wrong result. */
  static void run(String edge, String name, Path files) throws IOException, InterruptedException {
    try (var ada = new Client(edge, name + "-ada");
        var ben = new Client(edge, name + "-ben");
        var adaInbox = new Inbox(edge, ada);
        var benInbox = new Inbox(edge, ben)) {
      ok("register and log in");
      var scenario = new Scenario(ada, ben, adaInbox, benInbox, files);
      scenario.findEachOther();
      ok("find each other");
      scenario.subscribe();
      ok("subscribe");
      String messageId = scenario.send();
      ok("send");
      scenario.react(messageId);
      ok("react");
      scenario.edit(messageId);
      ok("edit");
      scenario.delete();
      ok("delete");
      scenario.exchangeFiles();
      ok("upload and download");
      scenario.resume();
      ok("lose the connection and resume");
      scenario.refresh();
      ok("renew the access token");
    }
  }

  private void findEachOther() {
    check(ada.find(ben.name), ben.userId);
    check(ben.find(ada.name), ada.userId);
  }

  private void subscribe() throws InterruptedException {
    for (Inbox inbox : List.of(adaInbox, benInbox)) {
      inbox.connect();
      inbox.until(EventCase.CAUGHT_UP);
    }
  }

  private String send() throws InterruptedException {
    var request = Chat.draft(chatId, "Hello Ben");
    String messageId = Chat.send(ada, request).getMessageId();
    // A retry, as after a lost response, returns the same message.
    check(Chat.send(ada, request).getMessageId(), messageId);
    Message arrived = last(benInbox.until(EventCase.MESSAGE_CREATED)).getMessageCreated();
    check(arrived.getMessageId(), messageId);
    check(arrived.getClientMessageId(), request.getClientMessageId());
    check(arrived.getText(), "Hello Ben");
    return messageId;
  }

  private void react(String messageId) throws InterruptedException {
    var reaction =
        ToggleReactionRequest.newBuilder().setChatId(chatId).setMessageId(messageId).setEmoji("👍").build();
    // Calling it twice would remove the reaction, so it is not retried.
    ben.callOnce(ben.messaging, stub -> stub.toggleReaction(reaction));
    var change = last(adaInbox.until(EventCase.REACTION_CHANGED)).getReactionChanged();
    check(change.getMessageId(), messageId);
    check(change.getEmoji(), "👍");
    check(change.getPresent(), true);
  }

  private void edit(String messageId) throws InterruptedException {
    var change =
        EditMessageRequest.newBuilder().setChatId(chatId).setMessageId(messageId).setText("Hello Ben!").build();
    ada.call(ada.messaging, stub -> stub.editMessage(change));
    var edited = last(benInbox.until(EventCase.MESSAGE_EDITED)).getMessageEdited();
    check(edited.getMessageId(), messageId);
    check(edited.getText(), "Hello Ben!");
  }

  private void delete() throws InterruptedException {
    String messageId = Chat.send(ada, Chat.draft(chatId, "Not for long")).getMessageId();
    var deletion =
        DeleteMessageRequest.newBuilder()
            .setChatId(chatId)
            .setMessageId(messageId)
            .setScope(DeleteScope.DELETE_SCOPE_FOR_EVERYONE)
            .build();
    ada.call(ada.messaging, stub -> stub.deleteMessage(deletion));
    var deleted = last(benInbox.until(EventCase.MESSAGE_DELETED)).getMessageDeleted();
    check(deleted.getMessageId(), messageId);
    check(deleted.getForEveryone(), true);
  }

  private void exchangeFiles() throws IOException, InterruptedException {
    var photo = Transfer.upload(ada, files.resolve("photo.jpg"));
    var paper = Transfer.upload(ada, files.resolve("paper.pdf"));
    Chat.send(ada, Chat.draft(chatId, "Two files", photo.getMediaId(), paper.getMediaId()));
    Message arrived = last(benInbox.until(EventCase.MESSAGE_CREATED)).getMessageCreated();
    var types = arrived.getAttachmentsList().stream().map(Attachment::getContentType).toList();
    check(types, List.of("image/jpeg", "application/pdf"));
    check(Transfer.download(ben, photo.getMediaId()).startsWith(JPEG), true);
    ByteString sent = ByteString.copyFrom(Files.readAllBytes(files.resolve("paper.pdf")));
    check(Transfer.download(ben, paper.getMediaId()), sent);
  }

  private void resume() throws InterruptedException {
    benInbox.disconnect();
    WHILE_AWAY.forEach(text -> Chat.send(ada, Chat.draft(chatId, text)));
    benInbox.connect();
    check(texts(benInbox.until(EventCase.CAUGHT_UP)), WHILE_AWAY);
    Chat.send(ada, Chat.draft(chatId, "Welcome back"));
    check(texts(benInbox.until(EventCase.MESSAGE_CREATED)), List.of("Welcome back"));
  }

  private void refresh() {
    ben.forgetAccessToken();
    var said = Chat.history(ben, chatId).stream().map(Message::getText).toList();
    List<String> expected = new ArrayList<>(List.of("Hello Ben!", "", "Two files"));
    expected.addAll(WHILE_AWAY);
    expected.add("Welcome back");
    check(said.subList(Math.max(0, said.size() - expected.size()), said.size()), expected);
  }

  private static LiveEvent last(List<LiveEvent> events) {
    return events.get(events.size() - 1);
  }

  /** Returns the texts of the new messages among some events. */
  private static List<String> texts(List<LiveEvent> events) {
    return events.stream()
        .filter(LiveEvent::hasMessageCreated)
        .map(event -> event.getMessageCreated().getText())
        .toList();
  }

  private static void check(Object found, Object expected) {
    if (!found.equals(expected)) {
      throw new IllegalStateException("expected " + expected + ", found " + found);
    }
  }

  private static void ok(String step) {
    System.out.println("ok " + step);
  }
}
