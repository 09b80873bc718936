using System.Diagnostics;
using Fathom.Checkpoints;

namespace Fathom.Model.Streaming;

/// <content>The threads that read: piece by piece, so that several serve one expert and an urgent read overtakes one that is not.</content>
internal sealed unsafe partial class ExpertStream
{
    internal const int ReaderCount = 4;

    private readonly IExpertFiles files;
    private readonly Thread[] readers;
    private readonly bool[] isChecked;

    // Slots in state Reading; of them, those that a forward waits for.
    private readonly int[] reading;
    private int readingCount, urgentCount;

    private int inFlight;
    private long busySince, busyTicks;
    private bool isStopping;

    private void ReadPieces()
    {
        while (true)
        {
            int slot;
            Piece piece;
            ExpertPlace place;
            lock (gate)
            {
                while (!TryClaim(out slot, out piece))
                {
                    if (isStopping) return;
                    Monitor.Wait(gate);
                }

                if (isStopping) return;
                place = places[slots[slot].Expert];
                slots[slot].InFlight++;
                if (inFlight++ == 0) busySince = Stopwatch.GetTimestamp();
            }

            Exception? failure = Read(piece, AddressOf(slot));
            lock (gate)
            {
                if (--inFlight == 0) busyTicks += Stopwatch.GetTimestamp() - busySince;
                if (failure is null) bytesRead += piece.Needed;
                else readErrors++;
                slots[slot].Failure ??= failure;
                slots[slot].PiecesDone++;
                if (slots[slot].PiecesDone < place.Pieces.Length || slots[slot].Failure is not null)
                {
                    slots[slot].InFlight--;
                    if (slots[slot].InFlight == 0 && (slots[slot].Failure is not null || slots[slot].IsCalledOff)) Finish(slot);
                    continue;
                }
            }

            // The last piece is in, and no other thread touches the slot any more.
            failure = isChecked[slots[slot].Expert] ? null : Check(place, AddressOf(slot));
            lock (gate)
            {
                isChecked[slots[slot].Expert] |= failure is null;
                slots[slot].Failure = failure;
                slots[slot].InFlight--;
                Finish(slot);
            }
        }
    }

    // The oldest piece that a forward waits for; what is only expected, while nobody waits for anything.
    private bool TryClaim(out int slot, out Piece piece)
    {
        (slot, piece) = (-1, default);
        for (int i = 0; i < readingCount; i++)
        {
            ref Slot candidate = ref slots[reading[i]];
            if (candidate.IsCalledOff || candidate.Failure is not null || candidate.NextPiece == places[candidate.Expert].Pieces.Length) continue;
            if (!candidate.IsUrgent && urgentCount > 0) continue;
            if (slot < 0 || candidate.Order < slots[slot].Order) slot = reading[i];
        }

        if (slot < 0) return false;
        piece = places[slots[slot].Expert].Pieces[slots[slot].NextPiece++];
        return true;
    }

    private ExpertReadException? Read(Piece piece, byte* slot)
    {
        try
        {
            int count = files.Read(piece.File, piece.FileOffset, slot + piece.SlotOffset, piece.Length);
            return count >= piece.Needed
                ? null
                : new ExpertReadException(files.PathOf(piece.File), piece.FileOffset, $"the file ends at byte {piece.FileOffset + count} but was longer when it was opened");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new ExpertReadException(files.PathOf(piece.File), piece.FileOffset, $"the expert there cannot be read: {exception.Message}", exception);
        }
    }

    private static CheckpointException? Check(ExpertPlace place, byte* slot)
    {
        try
        {
            place.CheckScales(slot);
            return null;
        }
        catch (CheckpointException exception)
        {
            return exception;
        }
    }

    // All pieces are in, or one failed, or nobody wants the rest.
    private void Finish(int slot)
    {
        ref Slot done = ref slots[slot];
        EndReading(slot);
        bool isWhole = done.Failure is null && done.PiecesDone == places[done.Expert].Pieces.Length;
        done.State = isWhole ? SlotState.Ready : SlotState.Failed;
        if (isWhole) places[done.Expert].MoveTo(AddressOf(slot));
        else if (!done.IsPinned) Vacate(slot);

        // A slot may have become free for what is next in the list.
        if (!isStopping) Issue();
        Monitor.PulseAll(gate);
    }

    private void EndReading(int slot)
    {
        if (slots[slot].IsUrgent) urgentCount--;
        int place = Array.IndexOf(reading, slot, 0, readingCount);
        reading[place] = reading[--readingCount];
        slots[slot].State = SlotState.Free;
    }

    private long BusyTicks() => busyTicks + (inFlight > 0 ? Stopwatch.GetTimestamp() - busySince : 0);
}
