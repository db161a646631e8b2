import java.io.IOException;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Writes a jar again with its classes in the class-file version of this JDK, stack maps computed.
 *
 * <p>picocli ships classes for Java 5. HotSpot keeps such "old classes" out of an AOT cache and verifies them by the old
 * inferring verifier at every start: 105 ms of 240 (docs/decisions/0005). Nothing else about the classes changes.
 *
 * <p>Run by {@code ./redoubt}: {@code java -cp OLD.jar Restamp.java OLD.jar NEW.jar}; the class path tells the stack-map
 * generator which class extends which.
 */
final class Restamp {
    public static void main(String[] args) throws IOException {
        try (ZipFile in = new ZipFile(args[0]);
                ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(Path.of(args[1])))) {
            for (ZipEntry entry : Collections.list(in.entries())) {
                byte[] bytes = in.getInputStream(entry).readAllBytes();
                out.putNextEntry(new ZipEntry(entry.getName()));
                out.write(isOld(entry.getName(), bytes) ? restamped(bytes) : bytes);
                out.closeEntry();
            }
        }
    }

    /** Bytes 6 and 7 of a class file are its major version (JVMS 4.1); 50 is the first with stack maps. */
    private static boolean isOld(String name, byte[] bytes) {
        return name.endsWith(".class") && ((bytes[6] & 0xff) << 8 | bytes[7] & 0xff) < 50;
    }

    private static byte[] restamped(byte[] old) {
        ClassFile format = ClassFile.of(ClassFile.StackMapsOption.GENERATE_STACK_MAPS);
        return format.transformClass(format.parse(old), Restamp::newer);
    }

    private static void newer(ClassBuilder to, ClassElement element) {
        switch (element) {
            case ClassFileVersion _ -> to.with(ClassFileVersion.of(ClassFile.latestMajorVersion(), 0));
            // Passed through an identity transform: the code is built anew, and with it its stack maps.
            case MethodModel method ->
                to.transformMethod(method, MethodTransform.transformingCode((code, instruction) -> code.with(instruction)));
            default -> to.with(element);
        }
    }
}
