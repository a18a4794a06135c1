package chatly.example;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A Chatly client in Java. Start reading at {@link Scenario}. */
public final class Main {
  private static final String USAGE =
      "usage: scenario|talk --name NAME [--edge HOST:PORT] [--files FOLDER] [--chat CHAT_ID --send N --expect N]";

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = options(arguments);
    String edge = options.getOrDefault("--edge", "127.0.0.1:8080");
    String name = options.get("--name");
    switch (options.getOrDefault("command", "")) {
      case "scenario" -> Scenario.run(edge, name, Path.of(options.getOrDefault("--files", "examples/files")));
      case "talk" ->
          Talk.run(edge, name, options.get("--chat"), number(options, "--send"), number(options, "--expect"));
      default -> throw new IllegalArgumentException(USAGE);
    }
  }

  /** The first word as "command", then pairs of a name and a value. */
  private static Map<String, String> options(String[] arguments) {
    Map<String, String> options = new HashMap<>();
    if (arguments.length % 2 == 0) {
      throw new IllegalArgumentException(USAGE);
    }
    options.put("command", arguments[0]);
    for (int at = 1; at < arguments.length; at += 2) {
      options.put(arguments[at], arguments[at + 1]);
    }
    return options;
  }

  private static int number(Map<String, String> options, String name) {
    return Integer.parseInt(options.getOrDefault(name, "0"));
  }
}
