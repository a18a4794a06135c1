package chatly.example;

import chatly.auth.v1.AuthServiceGrpc;
import chatly.auth.v1.AuthServiceOuterClass.LoginRequest;
import chatly.auth.v1.AuthServiceOuterClass.RefreshRequest;
import chatly.auth.v1.AuthServiceOuterClass.RegisterRequest;
import chatly.auth.v1.UserServiceGrpc;
import chatly.auth.v1.UserServiceOuterClass.SearchUsersRequest;
import chatly.auth.v1.UserServiceOuterClass.User;
import chatly.media.v1.MediaServiceGrpc;
import chatly.messaging.v1.MessagingServiceGrpc;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Calls the services as one logged-in user, with deadlines. Calls survive a lost connection and refresh the access
 * token.
 */
final class Client implements AutoCloseable {
  private static final String PASSWORD = "chatly-example";
  private static final int CALL_SECONDS = 10;
  private static final Duration RETRY = Duration.ofSeconds(60);
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  /** Codes of an unreachable connection or server. The code depends on when the connection broke. */
  private static final Set<Status.Code> RETRYABLE =
      Set.of(
          Status.Code.UNAVAILABLE,
          Status.Code.CANCELLED,
          Status.Code.DEADLINE_EXCEEDED,
          Status.Code.INTERNAL,
          Status.Code.UNKNOWN);

  final AuthServiceGrpc.AuthServiceBlockingStub auth;
  final UserServiceGrpc.UserServiceBlockingStub users;
  final MessagingServiceGrpc.MessagingServiceBlockingStub messaging;
  final MediaServiceGrpc.MediaServiceBlockingStub media;
  final MediaServiceGrpc.MediaServiceStub mediaStreams;
  final String name;
  final String userId;

  private final ManagedChannel channel;
  private volatile String token;
  private String refreshToken;

  /** Opens a connection with keep-alive, which notices a dead network. */
  static ManagedChannel connect(String edge) {
    return Grpc.newChannelBuilder(edge, InsecureChannelCredentials.create())
        .keepAliveTime(30, TimeUnit.SECONDS)
        .keepAliveTimeout(10, TimeUnit.SECONDS)
        .build();
  }

  /** Logs in as {@code name} and creates the account if it does not exist. */
  Client(String edge, String name) {
    channel = connect(edge);
    auth = AuthServiceGrpc.newBlockingStub(channel);
    users = UserServiceGrpc.newBlockingStub(channel);
    messaging = MessagingServiceGrpc.newBlockingStub(channel);
    media = MediaServiceGrpc.newBlockingStub(channel);
    mediaStreams = MediaServiceGrpc.newStub(channel);
    String email = name + "@example.com";
    register(name, email);
    var login = LoginRequest.newBuilder().setEmail(email).setPassword(PASSWORD).setDeviceName("Java example");
    var session = attempt(() -> withDeadline(auth).login(login.build()));
    this.name = session.getUsername();
    userId = session.getUserId();
    token = session.getToken();
    refreshToken = session.getRefreshToken();
  }

  private void register(String name, String email) {
    var registration = RegisterRequest.newBuilder().setUsername(name).setEmail(email).setPassword(PASSWORD);
    try {
      attempt(() -> withDeadline(auth).register(registration.build()));
    } catch (StatusRuntimeException error) {
      if (error.getStatus().getCode() != Status.Code.ALREADY_EXISTS) {
        throw error;
      }
    }
  }

  /** Returns the user_id of an account. */
  String find(String wanted) {
    var request = SearchUsersRequest.newBuilder().setQuery(wanted).build();
    return call(users, stub -> stub.searchUsers(request)).getUsersList().stream()
        .filter(user -> user.getUsername().equals(wanted))
        .map(User::getUserId)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no user is named " + wanted));
  }

  /**
   * Makes a call that is safe to repeat. A send is safe because its client_message_id identifies it. It waits for an
   * unreachable server, and refreshes a rejected access token.
   */
  <S extends AbstractStub<S>, R> R call(S stub, Function<S, R> method) {
    return renewing(() -> attempt(() -> method.apply(withDeadline(authorized(stub)))));
  }

  /** Makes a call that must not be repeated. */
  <S extends AbstractStub<S>, R> R callOnce(S stub, Function<S, R> method) {
    return renewing(() -> method.apply(withDeadline(authorized(stub))));
  }

  /** Returns a stub whose calls carry the access token. */
  <S extends AbstractStub<S>> S authorized(S stub) {
    Metadata headers = new Metadata();
    headers.put(AUTHORIZATION, "Bearer " + token);
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /** Returns the current access token. */
  String token() {
    return token;
  }

  /** Makes the next call fail as with an expired token, and refresh it. */
  void forgetAccessToken() {
    token = "";
  }

  /**
   * Exchanges the refresh token for new tokens, unless another call did so after the token {@code refused} was used.
   */
  synchronized void refresh(String refused) {
    if (refused.equals(token)) {
      var request = RefreshRequest.newBuilder().setRefreshToken(refreshToken).build();
      var session = attempt(() -> withDeadline(auth).refresh(request));
      token = session.getToken();
      refreshToken = session.getRefreshToken();
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  private <R> R renewing(Try<R> call) {
    String used = token;
    try {
      return call.run();
    } catch (StatusRuntimeException error) {
      if (error.getStatus().getCode() != Status.Code.UNAUTHENTICATED) {
        throw error;
      }
    }
    refresh(used);
    return call.run();
  }

  private static <R> R attempt(Try<R> call) {
    Instant giveUp = Instant.now().plus(RETRY);
    for (long delay = 100; ; delay = Math.min(delay * 2, 2_000)) {
      try {
        return call.run();
      } catch (StatusRuntimeException error) {
        if (!RETRYABLE.contains(error.getStatus().getCode()) || Instant.now().isAfter(giveUp)) {
          throw error;
        }
      }
      pause(delay);
    }
  }

  private static void pause(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      throw Status.CANCELLED.withCause(error).asRuntimeException();
    }
  }

  private static <S extends AbstractStub<S>> S withDeadline(S stub) {
    return stub.withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  private interface Try<R> {
    R run();
  }
}
