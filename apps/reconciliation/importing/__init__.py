"""Reading what providers and banks send: files of many layouts into rows of few shapes. Nothing is compared here."""
