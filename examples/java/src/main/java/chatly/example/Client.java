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

/** One logged-in user: calls with deadlines, that survive a lost connection and renew the access token. */
final class Client implements AutoCloseable {
  private static final String PASSWORD = "chatly-example";
  private static final int CALL_SECONDS = 10;
  private static final Duration RETRY = Duration.ofSeconds(60);
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  /** What a call may get while the connection or a server is away; which, depends on the moment of the break. */
  private static final Set<Status.Code> AWAY =
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

  /** A connection that notices when it is dead. */
  static ManagedChannel connect(String edge) {
    return Grpc.newChannelBuilder(edge, InsecureChannelCredentials.create())
        .keepAliveTime(30, TimeUnit.SECONDS)
        .keepAliveTimeout(10, TimeUnit.SECONDS)
        .build();
  }

  /** Logs in as {@code name}, after making that account if need be. */
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

  /** The user_id of an account. */
  String find(String wanted) {
    var request = SearchUsersRequest.newBuilder().setQuery(wanted).build();
    return call(users, stub -> stub.searchUsers(request)).getUsersList().stream()
        .filter(user -> user.getUsername().equals(wanted))
        .map(User::getUserId)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("nobody is called " + wanted));
  }

  /**
   * A call that may be done twice: a send may, because its client_message_id tells that it is the same one. It waits
   * for a connection that is away, and renews an access token that is refused.
   */
  <S extends AbstractStub<S>, R> R call(S stub, Function<S, R> method) {
    return renewing(() -> attempt(() -> method.apply(withDeadline(authorized(stub)))));
  }

  /** A call that must not be done twice. */
  <S extends AbstractStub<S>, R> R callOnce(S stub, Function<S, R> method) {
    return renewing(() -> method.apply(withDeadline(authorized(stub))));
  }

  /** A stub whose calls carry the access token. */
  <S extends AbstractStub<S>> S authorized(S stub) {
    Metadata headers = new Metadata();
    headers.put(AUTHORIZATION, "Bearer " + token);
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /** The access token in use. */
  String token() {
    return token;
  }

  /** As if it had run out: the next call is refused, and renews it. */
  void forgetAccessToken() {
    token = "";
  }

  /** Trades the refresh token for new tokens, unless that was done since the token {@code refused} was used. */
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
        if (!AWAY.contains(error.getStatus().getCode()) || Instant.now().isAfter(giveUp)) {
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
