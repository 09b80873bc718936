using System.Runtime.CompilerServices;
using Fathom.Training.Libtorch;

namespace Fathom.Training.Tests;

internal static class Setup
{
    [ModuleInitializer]
    internal static void PrepareLibtorch() => LibtorchLoader.Prepare();
}
