package chatly.example;

import chatly.media.v1.MediaServiceOuterClass.DownloadRequest;
import chatly.media.v1.MediaServiceOuterClass.DownloadResponse;
import chatly.media.v1.MediaServiceOuterClass.Media;
import chatly.media.v1.MediaServiceOuterClass.MediaPurpose;
import chatly.media.v1.MediaServiceOuterClass.UploadRequest;
import chatly.media.v1.MediaServiceOuterClass.UploadResponse;
import chatly.media.v1.MediaServiceOuterClass.UploadStart;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Uploads and downloads files as streams, checked by their SHA-256. */
final class Transfer {
  private static final int PIECE_BYTES = 16 * 1024;
  private static final int TRANSFER_SECONDS = 60;

  private Transfer() {}

  /** Uploads a file for a message. The server removes EXIF data from a picture, so its SHA-256 changes. */
  static Media upload(Client client, Path path) throws IOException {
    ByteString content = UnsafeByteOperations.unsafeWrap(Files.readAllBytes(path));
    var start =
        UploadStart.newBuilder()
            .setFileName(path.getFileName().toString())
            .setSizeBytes(content.size())
            .setPurpose(MediaPurpose.MEDIA_PURPOSE_MESSAGE)
            .setSha256(sha256(content));
    var answer = new Answer();
    var stub = client.authorized(client.mediaStreams).withDeadlineAfter(TRANSFER_SECONDS, TimeUnit.SECONDS);
    StreamObserver<UploadRequest> steps = stub.upload(answer);
    steps.onNext(UploadRequest.newBuilder().setStart(start).build());
    for (int at = 0; at < content.size(); at += PIECE_BYTES) {
      ByteString piece = content.substring(at, Math.min(at + PIECE_BYTES, content.size()));
      steps.onNext(UploadRequest.newBuilder().setData(piece).build());
    }
    steps.onCompleted();
    return answer.media.join();
  }

  /** Returns the bytes of a file. Throws if their SHA-256 is not the server's. */
  static ByteString download(Client client, String mediaId) {
    var stub = client.authorized(client.media).withDeadlineAfter(TRANSFER_SECONDS, TimeUnit.SECONDS);
    Iterator<DownloadResponse> parts = stub.download(DownloadRequest.newBuilder().setMediaId(mediaId).build());
    Media described = Media.getDefaultInstance();
    ByteString content = ByteString.EMPTY;
    while (parts.hasNext()) {
      DownloadResponse part = parts.next();
      described = part.hasMedia() ? part.getMedia() : described;
      content = content.concat(part.getData());
    }
    if (!sha256(content).equals(described.getSha256())) {
      throw new IllegalStateException(described.getFileName() + ": SHA-256 does not match");
    }
    return content;
  }

  private static String sha256(ByteString content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content.toByteArray()));
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError(impossible);
    }
  }

  /** The one response to an upload. */
  private static final class Answer implements StreamObserver<UploadResponse> {
    final CompletableFuture<Media> media = new CompletableFuture<>();

    @Override
    public void onNext(UploadResponse response) {
      media.complete(response.getMedia());
    }

    @Override
    public void onError(Throwable error) {
      media.completeExceptionally(error);
    }

    @Override
    public void onCompleted() {
      // Ignored after a response.
      media.completeExceptionally(new IllegalStateException("the upload got no response"));
    }
  }
}
