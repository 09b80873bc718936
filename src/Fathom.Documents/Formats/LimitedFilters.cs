using System.IO.Compression;
using Fathom.Documents.Reading;
using UglyToad.PdfPig.Filters;
using UglyToad.PdfPig.Tokenization.Scanner;
using UglyToad.PdfPig.Tokens;

namespace Fathom.Documents.Formats;

/// <summary>The filters of PDF streams, of which none may unpack more than a limit: a few kilobytes of them can become gigabytes.</summary>
internal sealed class LimitedFilters(long maxBytes, CancellationToken cancellation) : ILookupFilterProvider
{
    /// <summary>One byte of a Flate stream becomes this many at most.</summary>
    private const int FlateRatio = 1_032;

    private readonly IFilterProvider inner = DefaultFilterProvider.Instance;
    private long bytes;

    public IReadOnlyList<IFilter> GetFilters(DictionaryToken dictionary) => Wrap(inner.GetFilters(dictionary));

    /// <summary>Names of filters may be references to other objects.</summary>
    public IReadOnlyList<IFilter> GetFilters(DictionaryToken dictionary, IPdfTokenScanner scanner)
    {
        if (!dictionary.TryGet(NameToken.Filter, out IToken? named) && !dictionary.TryGet(NameToken.F, out named)) return [];
        return Resolve(named, scanner) switch
        {
            NameToken name => GetNamedFilters([name]),
            ArrayToken names => GetNamedFilters([.. names.Data.Select(name => Resolve(name, scanner)).OfType<NameToken>()]),
            _ => [],
        };
    }

    public IReadOnlyList<IFilter> GetNamedFilters(IReadOnlyList<NameToken> names) => Wrap(inner.GetNamedFilters(names));

    public IReadOnlyList<IFilter> GetAllFilters() => Wrap(inner.GetAllFilters());

    private static IToken? Resolve(IToken token, IPdfTokenScanner scanner) => token is IndirectReferenceToken reference ? scanner.Get(reference.Data)?.Data : token;

    private IFilter[] Wrap(IReadOnlyList<IFilter> filters) => [.. filters.Select(filter => new LimitedFilter(filter, this))];

    private static SkipException TooLarge(long bytes) => new(SkipReason.Unsafe, $"is a PDF file that becomes more than {Sizes.Text(bytes)} when unpacked, as in attacks; print it to PDF again if you trust it.");

    private sealed class LimitedFilter(IFilter filter, LimitedFilters limits) : IFilter
    {
        public bool IsSupported => filter.IsSupported;

        public Memory<byte> Decode(Memory<byte> input, DictionaryToken streamDictionary, IFilterProvider filterProvider, int filterIndex)
        {
            limits.CheckTime();
            long left = limits.Left;
            if (filter is FlateFilter && input.Length > left / FlateRatio && Unpacked(input, left) > left) throw TooLarge(limits.Limit);
            Memory<byte> output = filter.Decode(input, streamDictionary, filterProvider, filterIndex);
            limits.Take(output.Length);
            return output;
        }

        /// <summary>Counts what a stream becomes without keeping it.</summary>
        private static long Unpacked(Memory<byte> input, long limit)
        {
            long count = 0;
            byte[] buffer = new byte[64 << 10];
            try
            {
                using var stream = new ZLibStream(new MemoryStream(input.ToArray(), writable: false), CompressionMode.Decompress);
                for (int read; count <= limit && (read = stream.Read(buffer)) > 0;) count += read;
            }
            catch (InvalidDataException)
            {
                // Broken streams are the library's business; what came before the break counts.
            }

            return count;
        }
    }

    private long Limit => maxBytes;

    private long Left => maxBytes - bytes;

    private void CheckTime() => cancellation.ThrowIfCancellationRequested();

    private void Take(long count)
    {
        bytes += count;
        if (bytes > maxBytes) throw TooLarge(maxBytes);
    }
}
