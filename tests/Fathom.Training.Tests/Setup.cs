using System.Runtime.CompilerServices;
using Fathom.Training.Libtorch;

namespace Fathom.Training.Tests;

internal static class Setup
{
    [ModuleInitializer]
    internal static void PrepareLibtorch()
    {
        LibtorchLoader.Prepare();

        // Test classes run side by side: a thread each is faster than all threads for all.
        TorchSharp.torch.set_num_threads(1);
    }
}
