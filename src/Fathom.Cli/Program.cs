using System.Text;
using Fathom.Cli;

// Text of every script goes through pipes unchanged, on Windows too.
Console.OutputEncoding = new UTF8Encoding(false);
if (Console.IsInputRedirected) Console.InputEncoding = new UTF8Encoding(false);
return await FathomCommandLine.RunAsync(args).ConfigureAwait(false);
