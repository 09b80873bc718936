using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Fathom.Checkpoints;

namespace Fathom.Inference.Caching;

/// <summary>
/// Answers in a file of the cache folder, one a line behind its checksum, so that conversations fit their kept sessions after a restart too. A line that was cut off or changed
/// is left out. The file is written anew, without the oldest, when it holds twice what is wanted.
/// </summary>
internal sealed class AnswerFile
{
    private readonly string path;
    private readonly Action<string>? notice;
    private readonly Lock gate = new();
    private bool isBroken;

    /// <summary>A file of a folder.</summary>
    /// <param name="folder">The cache folder; it exists.</param>
    /// <param name="identity">Tells model and tokenizer from others: tokens mean nothing elsewhere.</param>
    /// <param name="notice">Receives what people should know.</param>
    public AnswerFile(string folder, ReadOnlySpan<byte> identity, Action<string>? notice)
    {
        path = Path.Combine(folder, $"answers-{Convert.ToHexStringLower(identity[..8])}.jsonl");
        this.notice = notice;
    }

    /// <summary>Reads the newest answers.</summary>
    /// <param name="most">How many at most.</param>
    public IReadOnlyList<AnswerStore.Answer> Read(int most)
    {
        try
        {
            foreach (string leftover in Directory.EnumerateFiles(Path.GetDirectoryName(path)!, "answers-*.jsonl.tmp")) File.Delete(leftover);
            if (!File.Exists(path)) return [];
            string[] lines = File.ReadAllLines(path);
            AnswerStore.Answer[] answers = [.. lines.Select(Parse).OfType<AnswerStore.Answer>().TakeLast(most)];
            if (lines.Length > 2 * most) Rewrite(answers);
            return answers;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            notice?.Invoke($"{path} cannot be read ({exception.Message}); answers of earlier runs are encoded anew.");
            return [];
        }
    }

    /// <summary>Adds an answer.</summary>
    public void Append(AnswerStore.Answer answer)
    {
        lock (gate)
        {
            if (isBroken) return;
            try
            {
                using var stream = new FileStream(path, AtomicFile.PrivateOptions(FileMode.Append));

                // What a killed program left unfinished must not join with this line.
                stream.Write(Encoding.UTF8.GetBytes("\n" + Line(answer)));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
            {
                // The last is what .NET makes of a file that grows beyond what the system allows.
                isBroken = true;
                notice?.Invoke($"{path} cannot be written ({exception.Message}); answers are remembered until the program ends.");
            }
        }
    }

    private void Rewrite(IEnumerable<AnswerStore.Answer> answers) => AtomicFile.WritePrivate(path, stream =>
    {
        foreach (AnswerStore.Answer answer in answers) stream.Write(Encoding.UTF8.GetBytes(Line(answer) + "\n"));
    });

    private static string Line(AnswerStore.Answer answer)
    {
        string json = JsonSerializer.Serialize(answer);
        return $"{Sum(json)} {json}";
    }

    private static AnswerStore.Answer? Parse(string line)
    {
        int blank = line.IndexOf(' ', StringComparison.Ordinal);
        if (blank < 0 || line[..blank] != Sum(line[(blank + 1)..])) return null;
        return JsonSerializer.Deserialize<AnswerStore.Answer>(line[(blank + 1)..]);
    }

    private static string Sum(string json) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)).AsSpan(0, 8));
}
