package dev.redoubt.node.image;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What {@code manifests/<digest>.json} says of an image: the same whichever way the image came.
 *
 * @param layers from the top to the bottom
 * @param source where it came from
 */
record ImageRecord(
        Digest digest, List<Part> layers, ImageConfig config, Platform platform, Instant created, String source) {
    private static final JsonMapper JSON = new JsonMapper();

    /** A layer without its place on this machine. */
    record Part(Digest diffId, Digest key, long size) {}

    ImageRecord {
        layers = List.copyOf(layers);
    }

    Set<Digest> keys() {
        return layers.stream().map(Part::key).collect(Collectors.toUnmodifiableSet());
    }

    Image image(Layers places, List<String> names) {
        List<Layer> found = layers.stream()
                .map(part -> new Layer(part.diffId(), part.key(), places.directory(part.key()), part.size()))
                .toList();
        long size = layers.stream().mapToLong(Part::size).sum();
        return new Image(digest, names, found, config, platform, size, created, source);
    }

    String json() {
        ObjectNode top = JSON.createObjectNode();
        top.put("digest", digest.toString());
        ArrayNode parts = top.putArray("layers");
        layers.forEach(part -> parts.addObject()
                .put("diffId", part.diffId().toString())
                .put("key", part.key().toString())
                .put("size", part.size()));
        putConfig(top.putObject("config"));
        top.put("platform", platform.toString());
        top.put("created", created.toString());
        top.put("source", source);
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(top) + "\n";
    }

    private void putConfig(ObjectNode target) {
        config.environment().forEach(target.putArray("env")::add);
        config.entrypoint().forEach(target.putArray("entrypoint")::add);
        config.command().forEach(target.putArray("cmd")::add);
        target.put("user", config.user());
        target.put("workdir", config.workingDirectory());
    }

    /** @throws ImageException when it is not what {@link #json} writes */
    static ImageRecord parse(String text) {
        try {
            JsonNode top = JSON.readTree(text);
            JsonNode config = top.required("config");
            return new ImageRecord(
                    Digest.parse(top.required("digest").asString()),
                    elements(top.required("layers")).stream().map(ImageRecord::part).toList(),
                    new ImageConfig(
                            strings(config.required("env")),
                            strings(config.required("entrypoint")),
                            strings(config.required("cmd")),
                            config.required("user").asString(),
                            config.required("workdir").asString()),
                    Platform.parse(top.required("platform").asString()),
                    Instant.parse(top.required("created").asString()),
                    top.required("source").asString());
        } catch (JacksonException | IllegalArgumentException | DateTimeException damaged) {
            throw new ImageException(ImageException.Reason.STORE, "an image record is damaged", damaged);
        }
    }

    private static Part part(JsonNode node) {
        return new Part(
                Digest.parse(node.required("diffId").asString()),
                Digest.parse(node.required("key").asString()),
                node.required("size").asLong());
    }

    private static List<String> strings(JsonNode array) {
        return elements(array).stream().map(JsonNode::asString).toList();
    }

    private static List<JsonNode> elements(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }
}
