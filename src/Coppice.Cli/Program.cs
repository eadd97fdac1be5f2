return (int)Coppice.Cli.CommandLine.Run(args);
