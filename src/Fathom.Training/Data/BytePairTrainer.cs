using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Fathom.Text;

namespace Fathom.Training.Data;

/// <summary>
/// Learns a byte-level BPE vocabulary with V4's pre-tokenizer and writes it as tokenizer.json with V4's special tokens:
/// again and again the most frequent neighbours are joined; of equals the pair that stands first in byte order.
/// </summary>
/// <param name="keepsDigits">Never join digits, so that a number is read and written digit by digit.</param>
internal sealed class BytePairTrainer(bool keepsDigits = false)
{
    private readonly Dictionary<string, long> pieces = new(StringComparer.Ordinal);

    /// <summary>Counts the pieces of a text.</summary>
    public void Add(string text)
    {
        var ends = new List<int>();
        PreTokenizer.Split(text, ends);
        int start = 0;
        foreach (int end in ends)
        {
            if (keepsDigits && char.IsAsciiDigit(text[start]))
            {
                start = end;
                continue;
            }

            ref long count = ref CollectionsMarshal.GetValueRefOrAddDefault(pieces, text[start..end], out _);
            count++;
            start = end;
        }
    }

    /// <summary>Learns merges and fills them into a tokenizer.json of V4's kind.</summary>
    /// <param name="template">A tokenizer.json whose bytes, pre-tokenizer and added tokens are kept.</param>
    /// <param name="vocabulary">Ids in all; added tokens after the first three take the last ones.</param>
    /// <exception cref="InvalidDataException">The text has too few pieces for so many ids, or there are too few ids.</exception>
    public string Train(string template, int vocabulary)
    {
        JsonNode root = JsonNode.Parse(template)!;
        JsonArray added = root["added_tokens"]!.AsArray();
        List<(string Piece, int Id)> bytes = [.. root["model"]!["vocab"]!.AsObject().Select(entry => (entry.Key, (int)entry.Value!)).Where(entry => entry.Item2 < 3 + 256).OrderBy(entry => entry.Item2)];
        int late = added.Count(token => (int)token!["id"]! >= 3), mergeCount = vocabulary - late - 3 - 256;
        if (mergeCount < 0) throw new InvalidDataException($"A vocabulary of {vocabulary} ids has no room for 256 bytes and {late + 3} special tokens; choose at least {late + 259}.");

        List<(string Left, string Right)> merges = Learn([.. bytes.Where(entry => entry.Id >= 3).Select(entry => entry.Piece)], mergeCount);
        var entries = new JsonObject();
        foreach ((string piece, int id) in bytes) entries[piece] = id;
        int next = 3 + 256;
        foreach ((string left, string right) in merges) entries[left + right] = next++;
        root["model"]!["vocab"] = entries;
        root["model"]!["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode)$"{merge.Left} {merge.Right}")]);
        foreach (JsonNode? token in added)
        {
            if ((int)token!["id"]! >= 3) token["id"] = next++;
        }

        return root.ToJsonString(ChatJson.Readable);
    }

    private List<(string Left, string Right)> Learn(string[] byteNames, int count)
    {
        // Names of the tokens so far; the first 256 stand for bytes, in the order of the template.
        var names = new List<string>(byteNames);
        Dictionary<byte, int> tokenOfByte = byteNames.Select((name, token) => (Byte: ByteAlphabet.BytesOf(name)![0], token)).ToDictionary(pair => pair.Byte, pair => pair.token);
        (int[] Tokens, long Count)[] words = [.. pieces.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (Array.ConvertAll(Encoding.UTF8.GetBytes(pair.Key), value => tokenOfByte[value]), pair.Value))];
        var pairs = new Dictionary<(int, int), long>();
        var places = new Dictionary<(int, int), HashSet<int>>();
        for (int w = 0; w < words.Length; w++) CountPairs(w, words[w].Tokens, words[w].Count, pairs, places);

        var merges = new List<(string, string)>();
        while (merges.Count < count)
        {
            (int Left, int Right) best = (-1, -1);
            long most = 0;
            foreach (((int, int) pair, long frequency) in pairs)
            {
                if (frequency > most || (frequency == most && frequency > 0 && pair.CompareTo(best) < 0)) (best, most) = (pair, frequency);
            }

            if (most < 2) throw new InvalidDataException($"The text gives only {merges.Count} merges that occur twice, not {count}; add text or choose a smaller vocabulary.");
            int joined = names.Count;
            names.Add(names[best.Left] + names[best.Right]);
            merges.Add((names[best.Left], names[best.Right]));
            foreach (int w in places[best].Order().ToArray())
            {
                CountPairs(w, words[w].Tokens, -words[w].Count, pairs, places);
                words[w].Tokens = Join(words[w].Tokens, best, joined);
                CountPairs(w, words[w].Tokens, words[w].Count, pairs, places);
            }

            pairs.Remove(best);
            places.Remove(best);
        }

        return merges;
    }

    private static void CountPairs(int word, int[] tokens, long count, Dictionary<(int, int), long> pairs, Dictionary<(int, int), HashSet<int>> places)
    {
        for (int i = 0; i + 1 < tokens.Length; i++)
        {
            (int, int) pair = (tokens[i], tokens[i + 1]);
            CollectionsMarshal.GetValueRefOrAddDefault(pairs, pair, out _) += count;
            if (!places.TryGetValue(pair, out HashSet<int>? at)) places.Add(pair, at = []);
            at.Add(word);
        }
    }

    private static int[] Join(int[] tokens, (int Left, int Right) pair, int joined)
    {
        var result = new List<int>(tokens.Length);
        for (int i = 0; i < tokens.Length; i++)
        {
            bool isPair = i + 1 < tokens.Length && tokens[i] == pair.Left && tokens[i + 1] == pair.Right;
            result.Add(isPair ? joined : tokens[i]);
            if (isPair) i++;
        }

        return [.. result];
    }
}
