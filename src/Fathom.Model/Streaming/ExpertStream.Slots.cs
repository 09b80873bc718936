namespace Fathom.Model.Streaming;

/// <content>Which expert lies in which slot, and which one has to go. All of it under the gate.</content>
internal sealed unsafe partial class ExpertStream
{
    // Added to the worth of experts that are known, or thought, to be needed soon.
    private const double NeededBonus = 1000;
    private const double ExpectedBonus = 500;

    private readonly Slot[] slots;
    private readonly int[] slotOf, free;
    private readonly byte* arena;
    private readonly long slotBytes;
    private int freeCount;
    private long nextOrder;

    private enum SlotState
    {
        Free,
        Reading,
        Ready,
        Failed,
    }

    private byte* AddressOf(int slot) => arena + (slot * slotBytes);

    // A free slot, or the least valuable one that nobody uses; −1 when there is none.
    private int FindSlot(bool isUrgent)
    {
        if (freeCount > 0) return free[--freeCount];
        int found = -1, foundReading = -1;
        double least = double.PositiveInfinity;
        for (int i = 0; i < slots.Length; i++)
        {
            ref Slot slot = ref slots[i];
            if (slot.IsPinned) continue;
            if (slot.State == SlotState.Reading && slot.InFlight == 0) foundReading = i;
            if (slot.State != SlotState.Ready) continue;
            double worth = WorthOf(slot);
            if (worth < least) (found, least) = (i, worth);
        }

        // What is only expected never drives out what is known to be needed. What is needed drives out a read that nobody needs.
        if (!isUrgent && least >= ExpectedBonus / 2) return -1;
        if (found < 0 && isUrgent && foundReading >= 0)
        {
            found = foundReading;
            unneeded++;
        }

        if (found < 0) return -1;
        Vacate(found);
        return free[--freeCount];
    }

    private double WorthOf(in Slot slot)
    {
        double worth = values.Of(slot.Expert, currentLayer);
        if (slot.IsExpected) worth += ExpectedBonus;

        // Later in this forward: the nearer, the more.
        if (indexOf[slot.Expert] >= issued) worth += NeededBonus - ((double)indexOf[slot.Expert] / need.Length);
        return worth;
    }

    // Gives a slot to an expert and asks for the read.
    private void Place(int id, int slot, bool isUrgent)
    {
        slotOf[id] = slot;
        slots[slot] = new Slot { Expert = id, State = SlotState.Reading, IsUrgent = isUrgent, IsExpected = !isUrgent, Order = nextOrder++ };
        reading[readingCount++] = slot;
        if (isUrgent) urgentCount++;
        Monitor.PulseAll(gate);
    }

    private void MakeUrgent(int slot)
    {
        slots[slot].IsCalledOff = false;
        if (slots[slot].State != SlotState.Reading || slots[slot].IsUrgent) return;
        slots[slot].IsUrgent = true;
        slots[slot].Order = nextOrder++;
        urgentCount++;
        Monitor.PulseAll(gate);
    }

    private void Unpin(int slot)
    {
        slots[slot].IsPinned = false;
        if (slots[slot].IsFresh) freshOutstanding--;
        slots[slot].IsFresh = false;
    }

    // Experts that were expected in a layer whose needs are known now, and are not among them.
    private void ForgetUnneeded(int layer)
    {
        for (int e = 0; e < expertsPerLayer; e++)
        {
            int id = (layer * expertsPerLayer) + e, slot = slotOf[id];
            if (slot < 0 || indexOf[id] >= 0 || !slots[slot].IsExpected) continue;
            slots[slot].IsExpected = false;
            unneeded++;
            if (slots[slot].State == SlotState.Reading) CallOff(slot);
        }
    }

    // A read that nobody needs any more; pieces under way come in first.
    private void CallOff(int slot)
    {
        if (slots[slot].InFlight == 0) Vacate(slot);
        else slots[slot].IsCalledOff = true;
    }

    private void Vacate(int slot)
    {
        if (slots[slot].State == SlotState.Reading) EndReading(slot);
        places[slots[slot].Expert].MoveTo(null);
        slotOf[slots[slot].Expert] = -1;
        slots[slot] = default;
        free[freeCount++] = slot;
    }

    private struct Slot
    {
        public int Expert;
        public SlotState State;

        // A forward needs it, and has not given it back.
        public bool IsPinned;

        // Read for the present forward's needs.
        public bool IsFresh;

        // Read because it was expected, and neither needed nor forgotten so far.
        public bool IsExpected;

        public bool IsUrgent;
        public bool IsCalledOff;
        public long Order;
        public int NextPiece;
        public int PiecesDone;
        public int InFlight;
        public Exception? Failure;
    }
}
