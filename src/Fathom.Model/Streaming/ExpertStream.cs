using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Fathom.Checkpoints;
using Fathom.Model.Layers;
using Fathom.Model.Weights;

namespace Fathom.Model.Streaming;

/// <summary>
/// Routed experts in an arena of a fixed number of slots, read from disk when they are needed. This part is what a forward sees; others place experts in slots and read them.
/// </summary>
/// <remarks>
/// A forward's needs are one list, in the order in which they will be used. Entries are issued along it: an expert that is there is pinned, one that is not gets a slot and is read; no more than a window
/// of reads is ahead of the computation. Because entries are issued in order, whoever waits always waits for something issued, however small the arena.
/// </remarks>
internal sealed unsafe partial class ExpertStream : IExpertSource
{
    // How often a waiting forward looks whether it was cancelled.
    private const int MillisecondsBetweenLooks = 50;
    private const int MostReadsAhead = 32;

    private readonly object gate = new();
    private readonly ExpertPlace[] places;
    private readonly LayerWeights[] layers;
    private readonly ExpertValues values;
    private readonly int expertsPerLayer, picks, window;

    // The forward's needs, layer by layer; entry i is the expert need[i], and indexOf is the way back.
    private readonly int[] need, indexOf, firstOf, countOf;
    private readonly bool[] isTaken, isWanted;
    private int needCount, issued, freshOutstanding, currentLayer;
    private CancellationToken cancellation;

    private long tokens, hits, prefetched, misses, unneeded, bytesRead, readErrors, stallTicks;

    /// <summary>Makes the arena and starts the readers.</summary>
    /// <param name="layers">All layers with routed experts, the MTP block last.</param>
    /// <param name="places">Where experts lie, by layer · experts + expert; their matrices are moved from now on.</param>
    /// <param name="picks">Experts per token.</param>
    /// <param name="files">The files; disposed with this.</param>
    /// <param name="slots">Experts that fit into the arena.</param>
    /// <param name="slotBytes">Bytes of a slot.</param>
    /// <param name="areScalesChecked">Whether scales need no more looking at.</param>
    public ExpertStream(LayerWeights[] layers, ExpertPlace[] places, int picks, IExpertFiles files, int slots, long slotBytes, bool areScalesChecked)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        if (places.Any(place => place.SlotBytes > slotBytes)) throw new ArgumentException("An expert does not fit into a slot.", nameof(slotBytes));
        (this.layers, this.places, this.picks, this.files, this.slotBytes) = (layers, places, picks, files, slotBytes);
        expertsPerLayer = places.Length / layers.Length;
        window = Math.Clamp(slots / 2, 1, MostReadsAhead);
        values = new ExpertValues(layers.Length, expertsPerLayer);
        need = new int[places.Length];
        isTaken = new bool[places.Length];
        isWanted = new bool[expertsPerLayer];
        indexOf = new int[places.Length];
        slotOf = new int[places.Length];
        Array.Fill(indexOf, -1);
        Array.Fill(slotOf, -1);
        firstOf = new int[layers.Length];
        countOf = new int[layers.Length];
        Array.Fill(countOf, -1);
        isChecked = new bool[places.Length];
        Array.Fill(isChecked, areScalesChecked);

        this.slots = new Slot[slots];
        free = new int[slots];
        for (int i = 0; i < slots; i++) free[i] = slots - 1 - i;
        freeCount = slots;
        reading = new int[slots];
        arena = LargePages.Allocate(slots * slotBytes);
        readers = new Thread[ReaderCount];
        for (int i = 0; i < readers.Length; i++)
        {
            readers[i] = new Thread(ReadPieces) { IsBackground = true, Name = $"Fathom reader {i}" };
            readers[i].Start();
        }
    }

    public bool IsStreaming => true;

    /// <summary>What happened so far.</summary>
    public ExpertStreamStatistics Statistics
    {
        get
        {
            lock (gate)
            {
                return new ExpertStreamStatistics
                {
                    Slots = slots.Length,
                    SlotBytes = slotBytes,
                    Tokens = tokens,
                    Hits = hits,
                    Prefetched = prefetched,
                    Misses = misses,
                    Unneeded = unneeded,
                    BytesRead = bytesRead,
                    StallTime = Stopwatch.GetElapsedTime(0, stallTicks),
                    ReadTime = Stopwatch.GetElapsedTime(0, BusyTicks()),
                    ReadErrors = readErrors,
                };
            }
        }
    }

    public void Begin(Plan? plan, int rows, CancellationToken cancellation)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isStopping, typeof(V4Model));
            this.cancellation = cancellation;
            tokens += rows;
            currentLayer = 0;
            if (plan is null) return;

            // Layers routed by token ids are known before anything is computed; they are the first ones.
            for (int layer = 0; layer < layers.Length && layers[layer].Mixture.HashTable is { } table; layer++)
            {
                Array.Clear(isWanted);
                foreach (int token in plan.Tokens)
                {
                    foreach (int expert in table.AsSpan(token * picks, picks)) isWanted[expert] = true;
                }

                Append(layer);
            }

            Issue();
        }
    }

    public void Need(LayerWeights layer, ReadOnlySpan<int> starts)
    {
        lock (gate)
        {
            currentLayer = layer.Index;
            values.Advance(layer.Index, starts[^1] / picks);
            for (int e = 0; e < expertsPerLayer; e++)
            {
                int rows = starts[e + 1] - starts[e];
                isWanted[e] = rows > 0;
                if (rows > 0) values.Use((layer.Index * expertsPerLayer) + e, rows);
            }

            if (countOf[layer.Index] < 0) Append(layer.Index);
            ForgetUnneeded(layer.Index);
            Issue();
        }
    }

    public ExpertWeights TakeNext(LayerWeights layer, int expert)
    {
        int entry = indexOf[(layer.Index * expertsPerLayer) + expert];
        lock (gate)
        {
            while (!IsThere(entry)) Wait();
            isTaken[entry] = true;
        }

        return layer.Mixture.Routed[expert];
    }

    public bool TakeAny(LayerWeights layer, bool waits, out int expert)
    {
        lock (gate)
        {
            int first = firstOf[layer.Index], end = first + countOf[layer.Index];
            while (true)
            {
                bool isLeft = false;
                for (int entry = first; entry < end; entry++)
                {
                    if (isTaken[entry]) continue;
                    isLeft = true;
                    if (!IsThere(entry)) continue;
                    isTaken[entry] = true;
                    expert = need[entry] % expertsPerLayer;
                    return true;
                }

                expert = -1;
                if (!isLeft || !waits) return isLeft;
                Wait();
            }
        }
    }

    public void Return(LayerWeights layer, int expert)
    {
        lock (gate)
        {
            int slot = slotOf[(layer.Index * expertsPerLayer) + expert];
            Unpin(slot);
            Issue();
        }
    }

    public void Expect(LayerWeights layer, ReadOnlySpan<int> experts)
    {
        lock (gate)
        {
            foreach (int expert in experts)
            {
                int id = (layer.Index * expertsPerLayer) + expert;
                if (slotOf[id] >= 0) continue;
                int slot = FindSlot(isUrgent: false);
                if (slot < 0) return;
                Place(id, slot, isUrgent: false);
            }
        }
    }

    public void End()
    {
        lock (gate)
        {
            // What was issued and not given back: the forward was given up. Reads that nobody began are called off.
            for (int entry = 0; entry < needCount; entry++)
            {
                int id = need[entry], slot = slotOf[id];
                indexOf[id] = -1;
                if (slot < 0) continue;
                if (slots[slot].IsPinned) Unpin(slot);
                if (slots[slot].State == SlotState.Failed) Vacate(slot);
                else if (slots[slot].State == SlotState.Reading) CallOff(slot);
            }

            (needCount, issued, freshOutstanding) = (0, 0, 0);
            Monitor.PulseAll(gate);
            Array.Fill(countOf, -1);
            cancellation = default;
        }
    }

    /// <summary>Ends the reads and gives the memory back.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (isStopping) return;
            isStopping = true;
            Monitor.PulseAll(gate);
        }

        foreach (Thread reader in readers) reader.Join();
        files.Dispose();
        foreach (ExpertPlace place in places) place.MoveTo(null);
        LargePages.Free(arena);
    }

    // The wanted experts of a layer become the end of the list, in rising order.
    private void Append(int layer)
    {
        firstOf[layer] = needCount;
        for (int e = 0; e < expertsPerLayer; e++)
        {
            if (!isWanted[e]) continue;
            int id = (layer * expertsPerLayer) + e;
            indexOf[id] = needCount;
            isTaken[needCount] = false;
            need[needCount++] = id;
        }

        countOf[layer] = needCount - firstOf[layer];
    }

    // Goes on along the list as far as slots and window allow.
    private void Issue()
    {
        for (; issued < needCount && freshOutstanding < window; issued++)
        {
            int id = need[issued], slot = slotOf[id];
            if (slot < 0)
            {
                slot = FindSlot(isUrgent: true);
                if (slot < 0) return;
                Place(id, slot, isUrgent: true);
                slots[slot].IsFresh = true;
                freshOutstanding++;
                misses++;
            }
            else if (slots[slot].IsExpected)
            {
                slots[slot].IsExpected = false;
                MakeUrgent(slot);
                prefetched++;
            }
            else
            {
                // It may still be on its way for a forward that was given up.
                MakeUrgent(slot);
                hits++;
            }

            slots[slot].IsPinned = true;
        }
    }

    private bool IsThere(int entry)
    {
        cancellation.ThrowIfCancellationRequested();
        if (entry >= issued) return false;
        ref Slot slot = ref slots[slotOf[need[entry]]];
        if (slot.State == SlotState.Failed) ExceptionDispatchInfo.Throw(slot.Failure!);
        return slot.State == SlotState.Ready;
    }

    private void Wait()
    {
        long started = Stopwatch.GetTimestamp();
        Monitor.Wait(gate, MillisecondsBetweenLooks);
        stallTicks += Stopwatch.GetTimestamp() - started;
    }
}
