using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Coppice.Cli.Tests;

/// <summary>A run of the built command as a process of its own.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The one JSON object on stdout: anything else there is an error.</summary>
    public JsonElement Json
    {
        get
        {
            using var document = JsonDocument.Parse(Output);
            return document.RootElement.Clone();
        }
    }

    public static CommandRun Of(params string[] arguments) => Of(arguments, []);

    public static CommandRun Of(string[] arguments, byte[] input, params (string Name, string Value)[] environment)
    {
        using var process = Start(arguments, environment);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return new CommandRun(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Starts the command, waits for some text on stderr, and presses Ctrl+C.</summary>
    public static CommandRun Interrupted(string waitFor, params string[] arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = new StringBuilder();
        while (process.StandardError.ReadLine() is { } line)
        {
            error.AppendLine(line);
            if (!line.Contains(waitFor, StringComparison.Ordinal)) continue;
            using var kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
            break;
        }

        error.Append(process.StandardError.ReadToEnd());
        process.WaitForExit();
        return new CommandRun(process.ExitCode, output.Result, error.ToString());
    }

    /// <summary>Starts the command and kills it without warning as soon as something is so.</summary>
    public static void Killed(Func<bool> when, params string[] arguments)
    {
        using var process = Start(arguments);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        while (!process.HasExited && !when()) Thread.Sleep(1);
        process.Kill();
        process.WaitForExit();
        Task.WaitAll(output, error);
    }

    private static Process Start(string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Utf8,
            StandardErrorEncoding = Utf8,
        };
        foreach (var argument in arguments.Prepend(Path.Combine(AppContext.BaseDirectory, "coppice.dll"))) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
