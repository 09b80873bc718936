using System.Text;

namespace Fathom.Documents.Tests;

/// <summary>PDF files put together object by object, for what no writer would write.</summary>
internal static class RawPdf
{
    /// <summary>A file of these objects, the first of them the catalog.</summary>
    public static byte[] Of(params string[] objects) => Of(string.Empty, [.. objects.Select(Encoding.Latin1.GetBytes)]);

    /// <summary>A file of these objects, with more in its trailer.</summary>
    public static byte[] Of(string trailer, byte[][] objects)
    {
        using var stream = new MemoryStream();
        var starts = new List<long>();
        stream.Write("%PDF-1.7\n"u8);
        for (int i = 0; i < objects.Length; i++)
        {
            starts.Add(stream.Position);
            stream.Write(Encoding.Latin1.GetBytes($"{i + 1} 0 obj\n"));
            stream.Write(objects[i]);
            stream.Write("\nendobj\n"u8);
        }

        long table = stream.Position;
        stream.Write(Encoding.Latin1.GetBytes($"xref\n0 {objects.Length + 1}\n0000000000 65535 f \n{string.Concat(starts.Select(start => $"{start:0000000000} 00000 n \n"))}trailer\n<< /Size {objects.Length + 1} /Root 1 0 R {trailer}>>\nstartxref\n{table}\n%%EOF\n"));
        return stream.ToArray();
    }

    /// <summary>A file that needs a password.</summary>
    public static byte[] Encrypted()
    {
        string entries = new('A', 32);
        return Of("/Encrypt 3 0 R /ID [<0123456789ABCDEF0123456789ABCDEF> <0123456789ABCDEF0123456789ABCDEF>] ",
        [
            "<< /Type /Catalog /Pages 2 0 R >>"u8.ToArray(),
            "<< /Type /Pages /Kids [] /Count 0 >>"u8.ToArray(),
            Encoding.Latin1.GetBytes($"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O ({entries}) /U ({entries}) >>"),
        ]);
    }
}
