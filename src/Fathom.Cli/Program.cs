using Fathom.Cli;

return await FathomCommandLine.RunAsync(args).ConfigureAwait(false);
