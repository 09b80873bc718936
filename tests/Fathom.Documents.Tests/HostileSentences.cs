namespace Fathom.Documents.Tests;

/// <summary>What is said about each hostile file, word for word.</summary>
internal static class HostileSentences
{
    private const string All = """
        a.bin: holds no text but binary data; leave it out, or save its text as a text file.
        a.db: is a database and holds no text; leave it out.
        a.gguf: is a model and holds no text; leave it out.
        a.gif: is a GIF picture; only text is read, so run text recognition (OCR) first if it shows text.
        a.jpg: is a JPEG picture; only text is read, so run text recognition (OCR) first if it shows text.
        a.png: is a PNG picture; only text is read, so run text recognition (OCR) first if it shows text.
        a.tiff: is a TIFF picture; only text is read, so run text recognition (OCR) first if it shows text.
        a.xz: is an XZ archive, which is not read; unpack it first.
        absolute.zip//etc/passwd: has a name that points out of the archive, as in attacks; do not trust it, or rename it and pack the archive again.
        attributes.html: holds no text; leave it out.
        b.tiff: is a TIFF picture; only text is read, so run text recognition (OCR) first if it shows text.
        bad-book.xlsx: is a broken Office file (Data at the root level is invalid. Line 1, position 1); open and save it again.
        bad-shared.xlsx: is an Excel file that asks for text 0 of 0; open and save it again.
        bad-sheet.xlsx: is a broken Office file (Unexpected end of file while parsing Name has occurred. Line 1, position 16); open and save it again.
        bad-slide.pptx: is a broken Office file (Unexpected end of file while parsing Name has occurred. Line 1, position 5); open and save it again.
        bad-xml.docx: is a broken Office file (Unexpected end of file while parsing Name has occurred. Line 1, position 12); open and save it again.
        blank.csv: holds no text; leave it out.
        blank.html: holds no text; leave it out.
        blank.txt: holds no text; leave it out.
        bomb-inside.zip/inner.zip: would become 64 MiB from 64 KiB, as in attacks; unpack it yourself if you trust it.
        bomb.docx: would become 64 MiB from 65 KiB, as in attacks; unpack it yourself if you trust it.
        bomb.ods: would become 64 MiB from 64 KiB, as in attacks; unpack it yourself if you trust it.
        bomb.zip: would become 64 MiB from 64 KiB, as in attacks; unpack it yourself if you trust it.
        broken.odp: is a broken OpenDocument file (The 'office:document-content' start tag on line 2 position 2 does not match the end tag of 'office:body'. Line 2, position 380); open and save it again.
        broken.odt: is a broken OpenDocument file (The 'text:p' start tag on line 2 position 378 does not match the end tag of 'office:body'. Line 2, position 387); open and save it again.
        charset-of-picture.html: holds no text but binary data; leave it out, or save its text as a text file.
        comments-only.html: holds no text; leave it out.
        controls.txt: holds no text but binary data; leave it out, or save its text as a text file.
        cut-1-of-10.docx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-1-of-10.pptx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-1-of-10.xlsx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-2-of-10.docx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-2-of-10.pptx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-2-of-10.xlsx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-3-of-10.docx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-3-of-10.pptx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-3-of-10.xlsx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-4-of-10.docx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-4-of-10.pptx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-4-of-10.xlsx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-5-of-10.docx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-5-of-10.pptx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-5-of-10.xlsx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-6-of-10.docx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-6-of-10.pptx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-6-of-10.xlsx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-7-of-10.docx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-7-of-10.pptx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-7-of-10.xlsx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-8-of-10.docx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-8-of-10.pptx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-8-of-10.xlsx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-9-of-10.docx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-9-of-10.pptx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-9-of-10.xlsx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut-early.pdf: is a broken PDF file (Could not find an xref trailer or stream dictionary in the input file); open and print it to PDF again.
        cut-end.docx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut.docx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut.ods: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut.odt: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut.pptx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut.xlsx: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        cut.zip: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        damaged-data.zip/a.txt: cannot be unpacked (The archive entry was compressed using an unsupported compression method); pack it again.
        data.7z: is a 7z archive, which is not read; unpack it first, or pack it as ZIP.
        data.gz: is a gzip archive, which is not read; unpack it first.
        data.rar: is a RAR archive, which is not read; unpack it first, or pack it as ZIP.
        database.csv: is a database and holds no text; leave it out.
        deep-array.pdf: is a broken PDF file (Exceeded maximum nesting depth of 256); open and print it to PDF again.
        deep-dictionary.pdf: is a broken PDF file (Exceeded maximum nesting depth of 256); open and print it to PDF again.
        deep.docx: nests its elements more than 1,000 deep, as in attacks; save it anew if you trust it.
        deep.odt: nests its elements more than 1,000 deep, as in attacks; save it anew if you trust it.
        drawing.odg: is an OpenDocument file that is no text, workbook or presentation; save it as PDF.
        empty.json: is empty; leave it out.
        empty.odt: holds no text; leave it out.
        empty.txt: is empty; leave it out.
        encrypted.pdf: is a PDF file with a password; open it, save it without one, and try again.
        entities.html: holds no text; leave it out.
        external-entity.docx: is an Office file that defines entities, as in attacks; do not trust it, or save it anew.
        external.odt: is an OpenDocument file that defines entities, as in attacks; do not trust it, or save it anew.
        frames.html: holds no text; leave it out.
        garbage.pdf: is a broken PDF file (Could not find any xref tables or streams in this document and could not resolve brute force positions); open and print it to PDF again.
        hidden.html: holds no text; leave it out.
        late-noise.csv: holds no text but binary data; leave it out, or save its text as a text file.
        late-zero.txt: holds no text but binary data; leave it out, or save its text as a text file.
        laughs.docx: is an Office file that defines entities, as in attacks; do not trust it, or save it anew.
        laughs.odt: is an OpenDocument file that defines entities, as in attacks; do not trust it, or save it anew.
        lines.txt: holds no text; leave it out.
        long-name.zip/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…: has a name of more than 1,024 characters; rename it and pack the archive again.
        loop-of-pages.pdf: is a PDF file without pages; open and save it again.
        many.zip: holds more than 50,000 files; unpack it and name what matters.
        mark-only-16.txt: holds no text; leave it out.
        mark-only.txt: holds no text; leave it out.
        missing-slide.pptx: is a broken Office file (Specified part does not exist in the package); open and save it again.
        newline.zip/a?b.txt: has control characters in its name, as in attacks; rename it and pack the archive again.
        no-content.ods: is an OpenDocument file without a content inside; open and save it again.
        no-document.docx: is a Word file without a document inside; open and save it again.
        no-pages.pdf: is a PDF file without pages; open and save it again.
        no-table.zip: is a broken or cut off ZIP or Office file (Number of entries expected in End Of Central Directory does not correspond to number of entries in Central Directory); get it or save it again.
        noise.json: holds no text but binary data; leave it out, or save its text as a text file.
        noise.md: holds no text but binary data; leave it out, or save its text as a text file.
        old.doc: is an Office file of the old kind (DOC, XLS, PPT or MSG), which is not read; save it as DOCX, XLSX, PPTX or PDF.
        only-mark.pdf: is a broken PDF file (Could not find any xref tables or streams in this document and could not resolve brute force positions); open and print it to PDF again.
        only-mark.zip: is a ZIP or Office file without an end, so it was cut off; get it or save it again.
        overlap.zip: is a ZIP file whose entries overlap, as in attacks; do not trust it.
        packed.csv: is a bzip2 archive, which is not read; unpack it first.
        packed.json: is a Zstandard archive, which is not read; unpack it first.
        page-bomb.pdf: is a PDF file that becomes more than 256 MiB when unpacked, as in attacks; print it to PDF again if you trust it.
        password.docx: is an Office file with a password; open it, save it without one, and try again.
        password.odt: is an OpenDocument file with a password; open it, save it without one, and try again.
        password.zip/a.txt: has a password; unpack the archive with it and name the files.
        picture.json: is a PNG picture; only text is read, so run text recognition (OCR) first if it shows text.
        picture.txt: is a JPEG picture; only text is read, so run text recognition (OCR) first if it shows text.
        program.csv: is a program and holds no text; leave it out.
        program: is a program and holds no text; leave it out.
        rich.rtf: is an RTF document, which is not read; save it as DOCX or PDF.
        scanned.pdf: holds no text on any of its 2 pages; they are most likely scanned pictures, so run text recognition (OCR) first.
        script-only.html: holds no text; leave it out.
        scripts.html: holds no text; leave it out.
        spaces.md: holds no text; leave it out.
        text.odt: is an OpenDocument file without a content inside; open and save it again.
        unclosed-script.html: holds no text; leave it out.
        way-out.zip/../a.txt: has a name that points out of the archive, as in attacks; do not trust it, or rename it and pack the archive again.
        windows.zip/C:\evil.txt: has a name that points out of the archive, as in attacks; do not trust it, or rename it and pack the archive again.
        zero-inside.md: holds no text but binary data; leave it out, or save its text as a text file.
        zero.html: holds no text but binary data; leave it out, or save its text as a text file.
        zeros.csv: holds no text but binary data; leave it out, or save its text as a text file.
        zeros.txt: holds no text but binary data; leave it out, or save its text as a text file.
        """;

    private static readonly string[] Lines = All.ReplaceLineEndings("\n").Split('\n');

    /// <summary>The sentence of a file, behind its name; for archives the name goes on inside.</summary>
    public static string Of(string name) => Lines.Single(line => line.StartsWith(name + ": ", StringComparison.Ordinal) || line.StartsWith(name + "/", StringComparison.Ordinal));
}
