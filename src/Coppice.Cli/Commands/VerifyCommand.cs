using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice verify</c>: a model's numbers against a reference.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = $"A model directory with reference numbers ({ModelVerifier.ReferenceFile})" };
        var command = new Command("verify", "Compare a model's logits, loss and gradients with numbers computed elsewhere")
        {
            directory, CommonOptions.Threads, CommonOptions.Json,
        };
        command.SetAction(parse =>
        {
            using var backend = Backends.Create(parse.GetValue(CommonOptions.Threads));
            var result = ModelVerifier.Verify(parse.GetRequiredValue(directory), backend);
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else Describe(result);
            return (int)(result.Passed ? ExitCode.Done : ExitCode.Failed);
        });
        return command;
    }

    private static void Describe(VerificationResult result)
    {
        Page.Line(result.Passed ? "passed" : "FAILED: the numbers differ from the reference");
        Page.Facts(
            ("logits, largest error", Figures.Number(result.LogitsMaxAbsError)),
            ("loss, error", Figures.Number(result.LossAbsError)),
            ("gradients, largest relative error", Figures.Number(result.GradientMaxRelativeError)),
            ("in parameter", result.WorstParameter ?? "none: the reference has no gradients"));
    }
}
