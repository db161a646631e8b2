package dev.redoubt.policy.profile;

import static dev.redoubt.policy.profile.ValueReader.placed;
import static dev.redoubt.policy.profile.ValueReader.words;

import dev.redoubt.policy.profile.Document.Verb;
import dev.redoubt.protocol.DeviceName;
import dev.redoubt.protocol.Layer;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.RuntimeClass;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Understands the keys of one document. A key stands in a table beside what reads it, here and in the readers of the
 * sections, so that what is known and what is read cannot differ; spec/profile.schema.json is held equal by a test.
 */
final class DocumentReader {
    static final Map<String, RuntimeClass> RUNTIMES = words(RuntimeClass.values());
    static final Map<String, Layer> LAYERS = words(Layer.values());
    static final Map<String, NetworkMode> NETWORKS = words(NetworkMode.values());
    static final Map<String, DeviceName> DEVICES = words(DeviceName.values());
    static final Map<String, Profile.Users> USERS = words(Profile.Users.values());
    static final Map<String, Profile.Root> ROOTS = words(Profile.Root.values());
    static final Map<String, Profile.OnDrift> ON_DRIFT = words(Profile.OnDrift.values());

    private final ValueReader values;
    private final ResourceReader resources;
    private final FileReader files;
    private final CallReader calls;
    private final SequencedMap<String, Consumer<Value>> keys = new LinkedHashMap<>();

    private Optional<Placed<String>> name = Optional.empty();
    private Optional<String> description = Optional.empty();
    private Optional<Placed<String>> parent = Optional.empty();
    private Optional<Placed<Set<RuntimeClass>>> runtimes = Optional.empty();
    private Optional<Set<Layer>> requires = Optional.empty();
    private Optional<Placed<Profile.Users>> users = Optional.empty();
    private Optional<Placed<Profile.Root>> root = Optional.empty();
    private Optional<NetworkMode> network = Optional.empty();
    private Optional<Placed<Set<DeviceName>>> devices = Optional.empty();
    private Optional<Profile.OnDrift> onDrift = Optional.empty();

    private DocumentReader(Findings findings) {
        values = new ValueReader(findings);
        resources = new ResourceReader(values);
        files = new FileReader(values);
        calls = new CallReader(values);
        keys.put("name", this::name);
        keys.put("description", value -> description = values.form(value, DocumentReader::description));
        keys.put("extends", value -> parent = placed(value, values.text(value)));
        keys.put("runtime", value -> runtimes = placed(value, values.set(value, RuntimeClass.class, RUNTIMES)));
        keys.put("require", value -> requires = values.set(value, Layer.class, LAYERS));
        keys.put("users", value -> users = placed(value, values.word(value, USERS)));
        keys.put("root", value -> root = placed(value, values.word(value, ROOTS)));
        keys.put("network", value -> network = values.word(value, NETWORKS));
        keys.put("devices", value -> devices = placed(value, values.set(value, DeviceName.class, DEVICES)));
        keys.put("resources", resources::read);
        keys.put("filesystem", files::read);
        keys.put("syscalls", calls::read);
        keys.put("on-drift", value -> onDrift = values.word(value, ON_DRIFT));
    }

    /**
     * What a document says.
     *
     * @throws ProfileException when it is not YAML; what is wrong with its keys is added to {@code findings}
     */
    static Document read(String text, Findings findings) {
        DocumentReader reader = new DocumentReader(findings);
        reader.values.section(Yaml.read(text, findings), "a profile", reader.keys);
        return reader.document();
    }

    /** The keys of every mapping that has fixed ones, by the path that leads there. */
    static Map<String, Set<String>> keys() {
        DocumentReader reader = new DocumentReader(new Findings("keys"));
        return Map.of(
                "", reader.keys.keySet(),
                "resources", reader.resources.keys().keySet(),
                "resources.io", reader.resources.ioKeys().keySet(),
                "filesystem", reader.files.keys().keySet(),
                "syscalls", reader.calls.keys().keySet(),
                "syscalls.allow", CallReader.entryKeys(Verb.ALLOW),
                "syscalls.deny", CallReader.entryKeys(Verb.DENY),
                "syscalls.broker", CallReader.entryKeys(Verb.BROKER));
    }

    private Document document() {
        return new Document(
                name,
                description,
                parent,
                runtimes,
                requires,
                users,
                root,
                network,
                devices,
                resources.resources(),
                files.readOnlyRoot(),
                files.paths(),
                files.patterns(),
                calls.lines(),
                onDrift);
    }

    private void name(Value value) {
        name = placed(value, values.form(value, text -> {
            if (!Profile.isName(text)) {
                throw new IllegalArgumentException(
                        "a name is lower case words joined by hyphens, at most 64 characters");
            }
            return text;
        }));
    }

    private static String description(String text) {
        if (!Profile.isDescription(text)) {
            throw new IllegalArgumentException("a description is one line of at most 500 characters");
        }
        return text;
    }
}
