module centre

go 1.19
