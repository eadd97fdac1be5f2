namespace Coppice.Tensors.Tests;

[Collection(KernelCollection.Name)]
public sealed unsafe class LanguageModelTests(KernelFixture kernels)
{
    [Fact]
    public void Rows_are_gathered_and_scattered_with_repeated_ids()
    {
        foreach (var columns in KernelFixture.Widths)
        {
            foreach (var rows in (ReadOnlySpan<int>)[0, 1, 7, 200])
            {
                const int Table = 23;
                var random = new Random(columns + rows);
                int[] ids = [.. Enumerable.Range(0, rows).Select(_ => random.Next(Table - 2))];
                kernels.Compare($"{rows} rows of {columns}", run =>
                {
                    var table = run.Input(Table, columns);
                    run.Backend.Gather(rows, columns, run.Integers(ids), table, run.Output("y", rows, columns, Tolerance.Exact), accumulate: false);
                    run.Backend.Gather(rows, columns, run.Integers(ids), table, run.Output("+= y", rows, columns, Tolerance.Exact, accumulate: true), accumulate: true);
                    // Added one after the other in order of the rows, so even the rounding is given.
                    run.Backend.ScatterAdd(rows, columns, run.Integers(ids), run.Input(rows, columns), run.Output("dtable", Table, columns, Tolerance.Exact, accumulate: true));
                });
            }
        }
    }

    [Theory]
    [InlineData(1, 2, 2)]
    [InlineData(3, 8, 8)]
    [InlineData(2, 10, 6)]
    [InlineData(4, 16, 16)]
    [InlineData(2, 40, 34)]
    [InlineData(3, 64, 32)]
    [InlineData(2, 80, 80)]
    [InlineData(2, 128, 128)]
    public void Heads_turn_by_their_position_and_back(int heads, int headSize, int rotarySize)
    {
        const int Positions = 50;
        foreach (var rows in (ReadOnlySpan<int>)[0, 1, 100])
        {
            foreach (var inverse in (ReadOnlySpan<bool>)[false, true])
            {
                kernels.Compare($"rotation of {rows}x{heads}x{headSize}, {rotarySize} turned, inverse {inverse}", run =>
                {
                    float[] angles = [.. run.Normals(Positions * rotarySize / 2, 3)];
                    int[] positions = [.. Enumerable.Range(0, rows).Select(row => row * 7 % Positions)];
                    var cosines = run.Input([.. angles.Select(MathF.Cos)]);
                    var sines = run.Input([.. angles.Select(MathF.Sin)]);
                    var (width, stride) = (heads * headSize, heads * headSize + 3);
                    var x = run.Output("x", rows, width, Tolerance.Default, stride, accumulate: true);
                    run.Backend.Rotate(rows, heads, headSize, rotarySize, run.Integers(positions), cosines, sines, inverse, x, stride);
                });
            }
        }
    }

    [Fact]
    public void Cross_entropy_matches_the_reference()
    {
        foreach (var classes in KernelFixture.Widths.Append(5000))
        {
            foreach (var (smoothing, zLoss) in (ReadOnlySpan<(float, float)>)[(0, 0), (0.1f, 0), (0, 0.01f), (0.2f, 0.001f)])
            {
                foreach (var gradient in (ReadOnlySpan<bool>)[false, true])
                {
                    kernels.Compare($"cross-entropy over {classes}, smoothing {smoothing}, z-loss {zLoss}, gradient {gradient}", run =>
                        RunCrossEntropy(run, 17, classes, smoothing, zLoss, gradient, likelihoods: classes % 2 == 0, run.Normals(17L * classes, 3)));
                }
            }
        }
    }

    [Fact]
    public void Cross_entropy_survives_huge_and_masked_logits()
    {
        kernels.Compare("cross-entropy of extreme logits", run =>
        {
            const int Rows = 17, Classes = 50;
            var values = run.Normals(Rows * Classes, 1e3);
            for (var i = 0; i < values.Length; i += 5)
            {
                if (i % Classes != Target(i / Classes, Classes)) values[i] = float.NegativeInfinity;
            }

            RunCrossEntropy(run, Rows, Classes, 0, 0, gradient: true, likelihoods: true, values);
        });
    }

    [Fact]
    public void Cross_entropy_of_no_rows_does_nothing() =>
        kernels.Compare("cross-entropy of nothing", run => RunCrossEntropy(run, 0, 50, 0.1f, 0, gradient: true, likelihoods: true, []));

    [Fact]
    public void Divergence_of_student_and_teacher_matches_the_reference()
    {
        const int Rows = 9;
        foreach (var columns in KernelFixture.Widths.Append(5000))
        {
            foreach (var temperature in (ReadOnlySpan<float>)[1, 2.5f])
            {
                foreach (var options in (ReadOnlySpan<string>)["both", "student", "teacher", "neither", "in place"])
                {
                    kernels.Compare($"divergence over {columns}, temperature {temperature}, gradients: {options}", run =>
                        RunDivergence(run, Rows, columns, temperature, options, run.Normals((long)Rows * columns, 3), run.Normals((long)Rows * columns, 3)));
                }
            }
        }
    }

    [Fact]
    public void Classes_that_the_teacher_masks_count_for_nothing_in_a_divergence()
    {
        const int Rows = 9, Columns = 50;
        kernels.Compare("divergence of masked logits", run =>
        {
            var (student, teacher) = (run.Normals(Rows * Columns, 3), run.Normals(Rows * Columns, 3));
            for (var i = 0; i < teacher.Length; i += 3) teacher[i] = float.NegativeInfinity;
            for (var i = 0; i < student.Length; i += 6) student[i] = float.NegativeInfinity;
            RunDivergence(run, Rows, Columns, 1.5f, "student", student, teacher);
        });
    }

    private static void RunDivergence(KernelRun run, int rows, int columns, float temperature, string gradients, float[] student, float[] teacher)
    {
        var tolerance = new Tolerance(1e-5, 1e-5);
        var losses = run.Output("losses", rows, tolerance);
        if (gradients == "in place")
        {
            var q = run.InPlace("dstudent", tolerance, student);
            var p = run.InPlace("dteacher", tolerance, teacher);
            run.Backend.KullbackLeibler(rows, columns, q, p, temperature, 0.7f, null, losses, q, p);
            return;
        }

        run.Backend.KullbackLeibler(
            rows,
            columns,
            run.Input(student),
            run.Input(teacher),
            temperature,
            0.7f,
            run.Input([.. Enumerable.Range(0, rows).Select(row => 0.25f * (row % 5))]),
            losses,
            gradients is "both" or "student" ? run.Output("dstudent", rows, columns, tolerance) : null,
            gradients is "both" or "teacher" ? run.Output("dteacher", rows, columns, tolerance) : null);
    }

    private static int Target(int row, int classes) => row * 7 % classes;

    private static void RunCrossEntropy(KernelRun run, int rows, int classes, float smoothing, float zLoss, bool gradient, bool likelihoods, float[] logits)
    {
        // Every fourth row has no weight, and then any target will do.
        int[] targets = [.. Enumerable.Range(0, rows).Select(row => row % 4 == 2 ? -100 : Target(row, classes))];
        float[] weights = [.. Enumerable.Range(0, rows).Select(row => row % 4 == 2 ? 0 : 0.25f * (row % 5 + 1))];
        var arguments = new CrossEntropyArguments
        {
            Rows = rows,
            Classes = classes,
            Logits = gradient ? run.InPlace("gradient", new(2e-6, 1e-5), logits) : run.Input(logits),
            Targets = run.Integers(targets),
            Weights = run.Input(weights),
            Scale = 0.3f,
            LabelSmoothing = smoothing,
            ZLoss = zLoss,
            ComputeGradient = gradient,
            Losses = run.Output("losses", rows, new(5e-6, 3e-6)),
            NegativeLogLikelihoods = likelihoods ? run.Output("likelihoods", rows, new(5e-6, 3e-6)) : null,
        };
        run.Backend.CrossEntropy(arguments);
    }
}
