using Fathom.Compute.Cpu.Kernels;
using Fathom.Compute.Memory;
using Fathom.Compute.Workers;

namespace Fathom.Compute.Cpu;

/// <content>Matrix products: a tile of weight rows is decoded once and meets all input rows.</content>
public sealed unsafe partial class CpuDevice
{
    // Weight rows of a work item: enough to share the traffic of the input rows, few enough for the decoded tile to
    // stay in the second-level cache (16 × 4,096 floats = 256 KB).
    private const int RowsPerTile = 16;

    // Few input rows read each decoded weight only a few times: then smaller pieces keep it in the first-level cache.
    private const int RowsPerPiece = 8;

    // So few input rows are each multiplied straight from the stored bytes.
    private const int MostRowsAlone = 2;

    /// <inheritdoc/>
    public void Linear(Rows input, WeightMatrix weight, Rows output) => GroupedLinear(input, weight, 1, output);

    /// <inheritdoc/>
    public void GroupedLinear(Rows input, WeightMatrix weight, int groups, Rows output)
    {
        if (input.Count == 0) return;
        if (arithmetic == Arithmetic.Fast && weight.TakesIntegers)
        {
            MultiplyIntegers(input, weight, groups, output);
            return;
        }

        int outputsPerGroup = weight.Rows / groups;
        var job = new LinearJob
        {
            Device = this,
            Input = input,
            Weight = weight,
            Output = output,
            OutputsPerGroup = outputsPerGroup,
            TilesPerGroup = (outputsPerGroup + RowsPerTile - 1) / RowsPerTile,
        };
        RunTiles(ref job, groups * job.TilesPerGroup, weight, input.Count);
    }

    // Small products are not worth waking anybody for.
    private void RunTiles<TJob>(ref TJob job, int tiles, WeightMatrix weight, int inputs)
        where TJob : struct, IParallelJob
    {
        if ((long)weight.Rows * weight.Columns * inputs >= 4 * FloatsPerItem)
        {
            pool.Run(ref job, tiles);
            return;
        }

        for (int tile = 0; tile < tiles; tile++) job.Execute(tile, 0);
    }

    private struct LinearJob : IParallelJob
    {
        public CpuDevice Device;
        public Rows Input;
        public WeightMatrix Weight;
        public Rows Output;
        public int OutputsPerGroup;
        public int TilesPerGroup;

        public readonly void Execute(int item, int worker)
        {
            int group = item / TilesPerGroup, inGroup = item % TilesPerGroup * RowsPerTile;
            int first = (group * OutputsPerGroup) + inGroup;
            int end = first + Math.Min(RowsPerTile, OutputsPerGroup - inGroup);
            int columns = Weight.Columns;
            float* x = Input.Data + ((long)group * columns);
            if (Input.Count <= MostRowsAlone && RowProducts.Fit(Weight))
            {
                int together = (end - first) / RowProducts.RowsTogether * RowProducts.RowsTogether;
                for (int i = 0; i < Input.Count; i++) RowProducts.Multiply(Weight, first, together, x + ((long)i * Input.Width), Output.Data + ((long)i * Output.Width) + first);
                first += together;
            }

            if (Input.Count > MostRowsAlone && PanelTile.Fit(end - first, columns))
            {
                ExecutePanels(first, end - first, x, worker);
                return;
            }

            int step = Input.Count <= 4 ? RowsPerPiece : RowsPerTile;
            float* decoded = Weight.Format == WeightFormat.F32 ? null : Device.Scratch(worker, (long)RowsPerTile * columns);
            for (int row = first; row < end; row += step)
            {
                int rows = Math.Min(step, end - row);
                float* w = decoded;
                if (w is null)
                {
                    w = (float*)(Weight.Data + (row * Weight.RowBytes));
                }
                else
                {
                    for (int r = 0; r < rows; r++) WeightDecoder.DecodeRow(Weight, row + r, w + ((long)r * columns));
                }

                DotTile.Multiply(x, Input.Width, Input.Count, w, rows, columns, Output.Data + row, Output.Width);
            }
        }

        private readonly void ExecutePanels(int first, int rows, float* x, int worker)
        {
            int columns = Weight.Columns;
            float* decoded = Device.Scratch(worker, ((long)rows * columns) + PanelTile.SumFloats(rows));
            for (int column = 0; column < columns; column += PanelTile.Columns)
            {
                int width = Math.Min(PanelTile.Columns, columns - column);
                for (int r = 0; r < rows; r++) WeightDecoder.DecodeColumns(Weight, first + r, column, width, decoded + ((long)column * rows) + ((long)r * width));
            }

            PanelTile.Multiply(x, Input.Width, Input.Count, decoded, rows, columns, decoded + ((long)rows * columns), Output.Data + first, Output.Width);
        }
    }
}
