package dev.redoubt.node.guest;

import java.io.IOException;

/** The job does not read its input any more: it closed it, ended, or was never given one. */
public final class BrokenInputException extends IOException {
    private static final long serialVersionUID = 1L;

    BrokenInputException(int job) {
        super("job " + job + " takes no more input");
    }
}
